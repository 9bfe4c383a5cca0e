"""The root's flag is switched by hand; the dropout layer never hears of it."""

import torch
from torch import nn


class Scorer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, width), nn.Dropout(0.2), nn.Linear(width, 1))

    def forward(self, x):
        return self.layers(x)


scorer = Scorer(12)
scorer.training = False  # <- DRP204
with torch.inference_mode():
    print(scorer(torch.randn(3, 12)))
