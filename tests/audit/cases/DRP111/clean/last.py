"""Nobody reads the input afterwards, or only its shape."""

import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.drop = nn.Dropout(p, inplace=True)
        self.norm, self.last = nn.LayerNorm(4), nn.Linear(4, 4)

    def forward(self, x):
        h = self.norm(x)
        h = self.last(self.drop(h))
        y = F.dropout(h, 0.1, self.training, inplace=True)
        return x + self.last(y).view(h.shape)
