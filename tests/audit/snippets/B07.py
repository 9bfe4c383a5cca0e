"""Rows of features taken for channels."""

import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Linear(20, 64),
        nn.ReLU(),
        nn.Dropout1d(0.3),  # <- DRP309
        nn.Linear(64, 2),
    )


def example():
    return torch.randn(8, 20)
