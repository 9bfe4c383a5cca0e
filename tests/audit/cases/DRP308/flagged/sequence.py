"""Twice in a row."""

from torch import nn

block = nn.Sequential(
    nn.Linear(16, 16),
    nn.ReLU(),
    nn.Dropout(0.6),
    nn.Dropout(0.6),  # <- DRP308
    nn.Linear(16, 4),
)
