"""Recurrent dropout that depends on the depth."""

import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self, d, h, layers, dropout=0.1):
        super().__init__()
        p = dropout if layers > 1 else 0.0
        self.rnn = nn.LSTM(d, h, layers, dropout=p)

    def forward(self, x):
        return self.rnn(x)[0]


def build():
    return Tagger(8, 8, 1)


def example():
    return torch.randn(5, 2, 8)
