"""The rate of attention is a setting that knows no mode."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.last = nn.Linear(width, width)
        self.drop = p

    def forward(self, q, k, v):
        o = F.scaled_dot_product_attention(q, k, v, dropout_p=self.drop, is_causal=True)  # <- DRP106
        return self.last(o)
