"""Rows of features are no channels: whole samples vanish."""

import torch
import torch.nn as layers

mlp = layers.Sequential(
    layers.Linear(20, 64),
    layers.ReLU(),
    layers.Dropout1d(0.3),  # <- DRP309
    layers.Linear(64, 2),
)


class Head(layers.Module):
    def __init__(self):
        super().__init__()
        self.noise = layers.Dropout1d(0.2)
        self.last = layers.Linear(64, 2)

    def forward(self, x):
        x = torch.flatten(x, 1)
        return self.last(self.noise(x))  # <- DRP309
