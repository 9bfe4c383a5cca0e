"""The method that is computed twice calls a function that drops."""

import torch.nn.functional as F
import torch.utils.checkpoint as cp
from torch import nn

KEEP = False


class Block(nn.Module):
    def inner(self, x):
        return F.dropout(self.linear(x), 0.1, self.training)

    def forward(self, x):
        return cp.checkpoint(self.inner, x, preserve_rng_state=KEEP)  # <- DRP112
