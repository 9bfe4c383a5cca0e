"""A function of the same name that is not torch's."""

from torch import nn

from .memory import checkpoint


class Net(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.drop = nn.Dropout(p)

    def forward(self, x, **settings):
        return checkpoint(self.drop, x, preserve_rng_state=False)
