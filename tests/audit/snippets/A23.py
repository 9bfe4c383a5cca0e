"""Recurrent dropout that cannot act."""

from torch import nn


class Counter(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.rnn = nn.GRU(d, h, dropout=0.3, batch_first=True)  # <- DRP304
        self.out = nn.Linear(h, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])
