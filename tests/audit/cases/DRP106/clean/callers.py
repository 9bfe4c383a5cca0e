"""The fast path is only taken in evaluation, or only in training."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, q, k, v):
        if not self.training:
            return F.scaled_dot_product_attention(q, k, v)
        return self._train_path(q, k, v)

    def _train_path(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, dropout_p=self.p)
