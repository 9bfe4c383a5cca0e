"""Tied to the mode, in every way that people write."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, q, k, v):
        rate = self.p if self.training else 0.0
        q = F.scaled_dot_product_attention(q, k, v, dropout_p=rate)
        q = F.scaled_dot_product_attention(q, k, v, dropout_p=self.p * self.training)
        q = F.scaled_dot_product_attention(q, k, v, dropout_p=(0.0, self.p)[self.training])
        if self.training:
            return F.scaled_dot_product_attention(q, k, v, dropout_p=self.p)
        return F.scaled_dot_product_attention(q, k, v, dropout_p=0.0)
