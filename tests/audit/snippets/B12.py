"""Alpha dropout behind a rectifier."""

import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Linear(8, 8),
        nn.ReLU(),
        nn.AlphaDropout(0.3),  # <- DRP310
        nn.Linear(8, 1),
    )


def example():
    return torch.randn(4, 8)
