"""The rate is read from a dropout layer, which would have known its mode; and a base class holds it."""

import torch.nn.functional as F
from torch import nn


class Base(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.attn_drop = nn.Dropout(p)

    def slow(self, weights, v):
        return self.attn_drop(weights) @ v


class Attention(Base):
    def forward(self, q, k, v):
        if self.fast:
            return F.scaled_dot_product_attention(q, k, v, dropout_p=self.attn_drop.p)  # <- DRP106
        return self.slow((q @ k.transpose(-2, -1)).softmax(-1), v)
