"""What was dropped is never read."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, width), nn.Linear(width, 1)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        h0 = torch.relu(self.fc1(x))
        h = self.drop(h0)  # <- DRP110
        return self.fc2(h0)
