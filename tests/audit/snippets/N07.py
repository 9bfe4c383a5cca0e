"""No layer of this network asks for a mode."""

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))


def validate(batches):
    with torch.no_grad():
        return sum((net(x) - y).abs().mean() for x, y in batches)


print(validate(val_batches))
