"""The residual is dropped as well: in place, `h` and `y` are one tensor."""

import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def forward(self, x):
        h = self.norm(x)
        y = F.dropout(h, self.p, self.training, inplace=True)  # <- DRP111
        return h + self.last(y)
