"""Dropout before the classifier."""

import torch
from torch import nn


def build():
    return nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1000))


def example():
    return torch.randn(2, 1280)
