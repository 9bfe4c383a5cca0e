"""In-place dropout behind a layer that keeps its result for the backward pass."""

import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Linear(8, 8),
        nn.ReLU(),
        nn.Dropout(0.5, inplace=True),  # <- DRP111
        nn.Linear(8, 1),
    )


def example():
    return torch.randn(4, 8)
