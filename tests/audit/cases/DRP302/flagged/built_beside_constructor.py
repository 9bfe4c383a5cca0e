"""Built in a method beside the constructor."""

from torch.nn import Dropout, Linear, Module


class Head(Module):
    def __init__(self, width):
        super().__init__()
        self.build(width)

    def build(self, width):
        self.before: Module = Dropout(0.1)
        self.last = Linear(width, 2)
        self.after: Module = Dropout(0.1)  # <- DRP302

    def forward(self, x):
        return self.last(self.before(x))
