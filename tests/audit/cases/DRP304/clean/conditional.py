"""The rate depends on the depth."""

from torch import nn


class Careful(nn.Module):
    def __init__(self, width, layers, dropout=0.2):
        super().__init__()
        p = dropout if layers > 1 else 0.0
        self.first = nn.LSTM(width, width, layers, dropout=p)
        self.second = nn.GRU(width, width, layers, dropout=dropout if layers > 1 else 0)

    def forward(self, x):
        return self.second(self.first(x)[0])
