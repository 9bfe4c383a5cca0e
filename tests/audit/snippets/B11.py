"""Nine of ten units are dropped: perhaps the probability of keeping was meant."""

import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Linear(512, 256),
        nn.ReLU(),
        nn.Dropout(0.9),  # <- DRP109
        nn.Linear(256, 10),
    )


def example():
    return torch.randn(4, 512)
