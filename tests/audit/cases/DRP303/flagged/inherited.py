"""Our own base class, which takes no rate; the argument is in no way required."""

import torch.nn as layers


class Base(layers.Module):
    def __init__(self, width):
        super().__init__()
        self.body = layers.Linear(width, width)

    def forward(self, x):
        return self.body(x)


class Deep(Base):
    def __init__(self, width, depth, p_dropout):  # <- DRP303
        super().__init__(width)
        self.more = layers.ModuleList(layers.Linear(width, width) for _ in range(depth))
