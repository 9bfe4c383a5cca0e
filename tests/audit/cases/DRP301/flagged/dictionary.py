"""By name, in a dictionary, and in a tuple of the base class."""

from torch.nn import Dropout2d, Linear, Module


class Base(Module):
    def __init__(self):
        super().__init__()
        self.noise = (Dropout2d(0.1), Dropout2d(0.3))  # <- DRP301


class Multi(Base):
    def __init__(self):
        super().__init__()
        self.last = Linear(4, 4)
        self.regularizers = {"text": Dropout2d(0.3), "image": None}  # <- DRP301

    def forward(self, x, kind):
        return self.last(self.regularizers[kind](self.noise[0](x)))
