"""The mode in the place of the rate."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, width), nn.Linear(width, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = F.dropout(x, self.training)  # <- DRP104
        return self.fc2(x)
