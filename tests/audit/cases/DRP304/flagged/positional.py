"""By position, under other names."""

from torch.nn import GRU as Gated
from torch.nn import RNN, Module

RATE = 0.2


class Pair(Module):
    def __init__(self):
        super().__init__()
        self.first = Gated(8, 16, 1, True, True, RATE)  # <- DRP304
        self.second = RNN(8, 16, 1, "relu", True, True, RATE)  # <- DRP304

    def forward(self, x):
        return self.second(self.first(x)[0])[0]
