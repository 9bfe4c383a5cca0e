"""Attention whose rate follows the mode, in three spellings."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, q, k, v):
        p = self.p if self.training else 0.0
        o = F.scaled_dot_product_attention(q, k, v, dropout_p=p)
        o = F.scaled_dot_product_attention(o, k, v, dropout_p=p * self.training)
        return F.scaled_dot_product_attention(o, k, v, dropout_p=(0.0, self.p)[self.training])
