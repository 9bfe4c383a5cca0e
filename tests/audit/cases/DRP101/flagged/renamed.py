"""Every name is another one than usual, and the base class is our own."""

from functools import partial

import torch.nn as layers
from torch.nn.functional import dropout as thin_out

some = partial(thin_out, p=0.2)


class Base(layers.Module):
    pass


class Encoder(Base):
    def encode(self, tokens):
        hidden = self.embed(tokens)
        return some(hidden)  # <- DRP101
