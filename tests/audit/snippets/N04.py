"""Functional dropout that only training reaches."""

import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.fc = nn.Linear(width, 1)
        self.p = p

    def forward(self, x):
        if self.training:
            x = F.dropout(x, self.p)
        return self.fc(x)
