"""An attribute that is only ever 0, and one that is a property."""

import torch.nn.functional as F
from torch import nn


class First(nn.Module):
    def __init__(self):
        super().__init__()
        self.dropout_p = 0.0

    def forward(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, None, self.dropout_p)


class Second(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    @property
    def rate(self):
        return self.p if self.training else 0.0

    def forward(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, dropout_p=self.rate)
