"""Attention whose dropout knows no mode."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, width, drop=0.1):
        super().__init__()
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.drop = drop

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        o = F.scaled_dot_product_attention(q, k, v, dropout_p=self.drop, is_causal=True)  # <- DRP106
        return self.proj(o)
