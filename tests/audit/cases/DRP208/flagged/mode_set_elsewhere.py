"""The switch is in a function of its own."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.3))


def wake(network):
    network.train()


def uncertainty(x):
    wake(model)  # <- DRP208
    with torch.no_grad():
        passes = torch.stack([model(x) for _ in range(20)])
    model.eval()
    return passes.std(dim=0)
