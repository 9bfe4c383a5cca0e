# layer: model
"""A graph that was traced in training mode drops for good."""

import torch
from torch import nn


def build():
    net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    ts = torch.jit.trace(net, torch.randn(1, 4), check_trace=False)  # <- DRP207
    return ts.eval()


def example():
    return torch.randn(3, 4)
