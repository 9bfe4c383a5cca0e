"""Bound by `partial` in a base class of our own."""

from functools import partial

import torch.nn as nn
import torch.nn.functional as F

noise = partial(F.dropout, p=0.3, training=True)


class Base(nn.Module):
    def embed(self, ids):
        return noise(self.table(ids))  # <- DRP103


class Model(Base):
    def forward(self, ids):
        return self.last(self.embed(ids))
