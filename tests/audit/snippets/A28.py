"""In place, the residual is dropped too."""

import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.norm, self.fc = nn.LayerNorm(width), nn.Linear(width, width)
        self.p = p

    def forward(self, x):
        h = self.norm(x)
        y = F.dropout(h, self.p, self.training, inplace=True)  # <- DRP111
        return h + self.fc(y)
