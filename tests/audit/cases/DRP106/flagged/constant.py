"""A constant, through a local name, imported by itself and by position."""

import torch
from torch.nn.functional import scaled_dot_product_attention as attend


class Attention(torch.nn.Module):
    def forward(self, q, k, v, mask=None):
        rate = 0.1
        first = attend(q, k, v, mask, rate)  # <- DRP106
        return attend(first, k, v, mask, 0.2)  # <- DRP106
