"""In the rate of attention."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, q, k, v):
        rate = self.p if self.train else 0.0  # <- DRP105
        return F.scaled_dot_product_attention(q, k, v, dropout_p=rate)
