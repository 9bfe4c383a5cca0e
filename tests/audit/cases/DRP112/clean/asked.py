"""Somebody has asked whether there is anything random."""

from torch import nn
from torch.utils.checkpoint import checkpoint


class Net(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.linear, self.drop, self.p = nn.Linear(4, 4), nn.Dropout(p), p

    def inner(self, x):
        return self.drop(self.linear(x))

    def forward(self, x):
        if self.p == 0:
            return checkpoint(self.inner, x, use_reentrant=False, preserve_rng_state=False)
        return checkpoint(self.inner, x, use_reentrant=False, preserve_rng_state=self.p > 0)
