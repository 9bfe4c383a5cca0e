"""Before the last layer, as it should be."""

import torch.nn.functional as F
from torch import nn

head = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))


def step(x, y):
    return F.mse_loss(head(x), y)
