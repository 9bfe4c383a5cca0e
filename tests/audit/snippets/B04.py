"""An LSTM of one layer, with dropout."""

import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 16, num_layers=1, dropout=0.5)  # <- DRP304
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        return self.fc(self.rnn(x)[0])


def build():
    return Tagger()


def example():
    return torch.randn(5, 2, 8)
