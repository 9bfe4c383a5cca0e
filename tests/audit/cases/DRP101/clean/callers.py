"""Whoever calls the function that drops has asked for the mode."""

import torch.nn.functional as F
from torch import nn


class Head(nn.Module):
    def forward(self, x):
        if self.training:
            x = self._drop(x)
        return self.last(_noise(x) if self.training else x)

    def _drop(self, x):
        return F.dropout(x, self.p)


def _noise(x):
    return F.dropout(x, 0.1) + 0.01
