"""A prenet whose dropout stays on, as its paper asks."""

import torch.nn.functional as F
from torch import nn


class Prenet(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width), nn.Linear(width, width)])

    def forward(self, x):
        for layer in self.layers:  # dropout: always-on (paper)
            x = F.dropout(F.relu(layer(x)), 0.5, training=True)
        return x
