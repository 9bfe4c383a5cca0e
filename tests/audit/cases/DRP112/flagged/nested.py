"""A function inside of forward, a lambda, and a base class that has the dropout."""

from torch import nn
from torch.utils.checkpoint import checkpoint as recompute


class Base(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.thin = nn.Dropout(p)


class Net(Base):
    def forward(self, x):
        def inner(values):
            return self.thin(self.linear(values))

        x = recompute(inner, x, preserve_rng_state=False)  # <- DRP112
        return recompute(lambda v: self.thin(v), x, preserve_rng_state=False)  # <- DRP112
