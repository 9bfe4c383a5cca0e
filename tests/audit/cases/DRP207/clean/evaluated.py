"""eval() comes first, here or elsewhere."""

import torch
from torch import nn


def ready(model):
    model.eval()
    return model


net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
net.eval()
torch.export.export(net, (torch.ones(1, 4),))
other = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)).eval()
torch.jit.trace(other, torch.ones(1, 4))
third = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
ready(third)
torch.jit.trace(third, torch.ones(1, 4))
