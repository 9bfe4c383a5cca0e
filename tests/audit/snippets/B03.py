"""Dropout on the probabilities of a classifier."""

import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Linear(32, 5),
        nn.Softmax(dim=-1),
        nn.Dropout(0.5),  # <- DRP307
    )


def example():
    return torch.randn(8, 32)
