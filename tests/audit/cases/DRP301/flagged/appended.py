"""An empty list that is filled in a loop, and one that is filled before it is kept."""

import torch.nn as layers


class Stack(layers.Module):
    def __init__(self, rates):
        super().__init__()
        self.steps = []
        for rate in rates:
            self.steps.append(layers.Dropout(rate))  # <- DRP301
        masks = []
        for rate in rates:
            masks.append(layers.AlphaDropout(rate))
        self.masks = masks  # <- DRP301

    def forward(self, x):
        for step in self.steps + self.masks:
            x = step(x)
        return x
