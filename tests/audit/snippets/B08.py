"""A batch of pictures taken for one volume."""

import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3),
        nn.ReLU(),
        nn.Dropout3d(0.2),  # <- DRP309
        nn.Conv2d(16, 1, 3),
    )


def example():
    return torch.randn(4, 3, 8, 8)
