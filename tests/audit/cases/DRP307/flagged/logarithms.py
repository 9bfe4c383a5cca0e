"""The logarithm of a dropped class becomes 0: certainty."""

import torch.nn.functional as F
from torch.nn import Dropout, Linear, Module


class Model(Module):
    def __init__(self, width):
        super().__init__()
        self.last = Linear(width, 10)
        self.noise = Dropout(0.1)

    def forward(self, x):
        return self.noise(F.log_softmax(self.last(x), dim=-1))  # <- DRP307
