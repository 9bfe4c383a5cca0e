"""A rate that is 0 in evaluation."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def forward(self, q, k, v):
        q = F.dropout(q, self.p * self.training)
        k = F.dropout(k, self.p if self.training else 0.0)
        v = F.dropout(v, self.training and self.p)
        return F.scaled_dot_product_attention(q, k, v, dropout_p=(0.0, self.p)[self.training])
