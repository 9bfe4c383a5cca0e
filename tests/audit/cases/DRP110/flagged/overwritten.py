"""The layer is in a base class; the dropped tensor is overwritten before it is read."""

import torch.nn as layers


class Thin(layers.Dropout):
    pass


class Base(layers.Module):
    def __init__(self, p):
        super().__init__()
        self.thin = Thin(p)
        self.layers = layers.ModuleList(layers.Linear(4, 4) for _ in range(3))


class Net(Base):
    def forward(self, x):
        for layer in self.layers:
            y = self.thin(x)  # <- DRP110
            y = layer(x)
            x = y.relu()
        return x
