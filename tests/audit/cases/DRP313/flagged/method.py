"""In a forward: a sigmoid, and a softmax."""

import torch
import torch.nn.functional as F
from torch.nn import Dropout, Linear, Module


class Model(Module):
    def __init__(self, width):
        super().__init__()
        self.first = Linear(width, width)
        self.last = Linear(width, 10)
        self.noise = Dropout(0.1)

    def forward(self, x):
        x = torch.sigmoid(self.noise(self.first(x)))  # <- DRP313
        x = self.noise(self.last(x))  # <- DRP313
        return F.softmax(x, dim=-1)
