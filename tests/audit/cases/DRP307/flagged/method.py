"""Returned from a forward, through methods of the tensor."""

import torch.nn as layers


class Classifier(layers.Module):
    def __init__(self, width):
        super().__init__()
        self.last = layers.Linear(width, 10)
        self.noise = layers.Dropout(0.3)

    def forward(self, x):
        logits = self.last(x)
        probabilities = logits.softmax(-1)
        return self.noise(probabilities)  # <- DRP307
