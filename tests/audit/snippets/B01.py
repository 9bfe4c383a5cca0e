"""Dropout feeds BatchNorm."""

import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Dropout(0.5),  # <- DRP305
        nn.Linear(64, 64),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def example():
    return torch.randn(8, 64)
