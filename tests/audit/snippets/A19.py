"""Functional alpha dropout is off unless it is told otherwise."""

import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, width), nn.Linear(width, 1)

    def forward(self, x):
        x = F.selu(self.fc1(x))
        x = F.alpha_dropout(x, 0.1)  # <- DRP102
        return self.fc2(x)
