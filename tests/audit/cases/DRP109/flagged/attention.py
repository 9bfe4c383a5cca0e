"""In attention; and an attribute that was given a boolean."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.thin = True

    def forward(self, q, k, v):
        q = F.dropout(q, self.thin, training=self.training)  # <- DRP109
        if self.training:
            return F.scaled_dot_product_attention(q, k, v, dropout_p=1.5)  # <- DRP109
        return F.scaled_dot_product_attention(q, k, v)
