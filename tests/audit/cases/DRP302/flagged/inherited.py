"""The base class builds it; neither it nor the class below it calls it."""

import torch.nn as layers


class Base(layers.Module):
    def __init__(self, p):
        super().__init__()
        self.noise = layers.Dropout2d(p)  # <- DRP302
        self.body = layers.Conv2d(3, 3, 1)

    def forward(self, x):
        return self.body(x)


class Child(Base):
    def forward(self, x):
        return super().forward(x) + 1


class Other(layers.Module):
    """Has one of the same name, and uses it."""

    def __init__(self, p):
        super().__init__()
        self.noise = layers.Dropout2d(p)

    def forward(self, x):
        return self.noise(x)
