"""A name that says keep, but holds what is dropped."""

import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.keep = 1 - p
        self.p = 1 - self.keep

    def forward(self, x):
        keep = 1 - self.keep
        x = self.last(F.dropout(x, keep, self.training))
        return F.dropout(x, self.p, self.training)
