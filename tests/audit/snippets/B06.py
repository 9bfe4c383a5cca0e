"""Channels are dropped after flattening."""

import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout2d(0.5),  # <- DRP309
        nn.LazyLinear(10),
    )


def example():
    return torch.randn(4, 3, 8, 8)
