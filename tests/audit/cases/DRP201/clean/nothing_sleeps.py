"""No layer of this network depends on the mode; and a class of others, of which nothing is known."""

import torch
from torch import nn

from elsewhere import Big

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
big = Big()


def evaluate(loader):
    with torch.no_grad():
        return [(net(x) - y).abs().mean() for x, y in loader]


def test(loader):
    with torch.no_grad():
        return [(big(x) - y).abs().mean() for x, y in loader]


print(evaluate(val_loader), test(test_loader))
