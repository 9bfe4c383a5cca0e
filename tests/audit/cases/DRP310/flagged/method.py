"""Through functions, in a forward."""

import torch
import torch.nn.functional as F
from torch.nn import Linear, Module


class Head(Module):
    def __init__(self, width):
        super().__init__()
        self.first = Linear(width, width)
        self.second = Linear(width, width)

    def forward(self, x):
        x = F.gelu(self.first(x))
        x = F.alpha_dropout(x, 0.1, self.training)  # <- DRP310
        x = torch.tanh(self.second(x))
        return F.feature_alpha_dropout(x, 0.1, self.training)  # <- DRP310
