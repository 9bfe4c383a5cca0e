"""Dropout that is hidden in a dictionary."""

import torch
from torch import nn


class Multi(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.reg = {"a": nn.Dropout(0.3)}  # <- DRP301

    def forward(self, x):
        return self.reg["a"](self.fc(x))


def build():
    return Multi()


def example():
    return torch.randn(3, 4)
