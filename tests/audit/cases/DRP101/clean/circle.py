"""A variable that is tested before it is set again: following it must come to an end."""

import torch.nn.functional as F
from torch import nn


class Propagate(nn.Module):
    def __init__(self, steps, p):
        super().__init__()
        self.steps = steps
        self.p = p

    def forward(self, x, adjacency, weight=None):
        for _ in range(self.steps):
            if self.p > 0 and self.training:
                if weight is not None:
                    weight = F.dropout(weight, p=self.p)
                else:
                    weight = adjacency.value()
                    weight = F.dropout(weight, p=self.p)
            x = adjacency.multiply(x, weight)
        return x
