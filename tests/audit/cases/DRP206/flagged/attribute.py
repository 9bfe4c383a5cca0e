"""In evaluation the rate is set to 0, and nothing brings it back."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, q, k, v):
        if not self.training:
            self.p = 0.0  # <- DRP206
        return F.scaled_dot_product_attention(q, k, v, dropout_p=self.p)
