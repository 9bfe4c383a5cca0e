"""The other way round: plain dropout behind SELU is advice."""

import torch.nn as layers


class Normalizing(layers.Module):
    def __init__(self, width):
        super().__init__()
        self.body = layers.Sequential(
            layers.Linear(width, width),
            layers.SELU(),
            layers.Dropout(0.1),  # <- DRP310
        )

    def forward(self, x):
        return self.body(x)
