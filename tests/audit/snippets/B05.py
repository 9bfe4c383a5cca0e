"""Two dropouts in a row."""

import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Linear(16, 16),
        nn.ReLU(),
        nn.Dropout(0.6),
        nn.Dropout(0.6),  # <- DRP308
        nn.Linear(16, 4),
    )


def example():
    return torch.randn(8, 16)
