"""Functional dropout that is never told the mode."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, width, p=0.5):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, width), nn.Linear(width, 1)
        self.p = p

    def forward(self, x):
        h = torch.relu(self.fc1(x))
        h = F.dropout(h, p=self.p)  # <- DRP101
        return self.fc2(h)
