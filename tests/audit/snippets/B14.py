# layer: model
"""One part came in evaluation mode, and its parent is in training."""

import torch
from torch import nn


def pretrained():
    """As `from_pretrained` returns it."""
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.1)).eval()


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = pretrained()  # <- DRP212
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.enc(x))


def build():
    return Classifier()


def example():
    return torch.randn(4, 8)
