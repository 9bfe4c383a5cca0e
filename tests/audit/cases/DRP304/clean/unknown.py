"""What is not constant may be anything."""

from torch import nn


class Given(nn.Module):
    def __init__(self, width, layers=1, dropout=0.0, **more):
        super().__init__()
        self.first = nn.LSTM(width, width, layers, dropout=0.2)
        self.second = nn.LSTM(width, width, dropout=dropout)
        self.third = nn.LSTM(width, width, dropout=0.2, **more)

    def forward(self, x):
        return self.third(self.second(self.first(x)[0])[0])
