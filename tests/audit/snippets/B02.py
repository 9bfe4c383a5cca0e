"""Dropout behind the last layer of a regressor."""

import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Linear(32, 32),
        nn.ReLU(),
        nn.Linear(32, 1),
        nn.Dropout(0.2),  # <- DRP306
    )


def example():
    return torch.randn(8, 32)
