"""The result goes on, in every way that it can."""

import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.drop = nn.Dropout(p)
        self.last = nn.Linear(4, 4)

    def forward(self, x, states):
        states[0] = self.drop(states[0])
        x = self.last(self.drop(x)) + F.dropout(x, 0.1, self.training)
        y = self.drop(x)
        return lambda: y + states[0]
