"""The mode is passed on, by keyword, by position, or by somebody else."""

import torch.nn.functional as F
from torch import nn


class Head(nn.Module):
    def forward(self, x, **settings):
        x = self.first(F.dropout(x, 0.1, training=self.training))
        x = self.last(F.dropout(x, 0.1, self.training))
        return F.dropout(x, 0.1, **settings)


def off(x, *rest):
    return F.dropout(x, *rest)
