"""The same for attention, and for a layer."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def forward(self, q, k, v):
        q, k, v = self.split(q, k, v)
        o = F.scaled_dot_product_attention(q, k, v, dropout_p=self.training)  # <- DRP104
        return F.alpha_dropout(o, self.training, training=self.training)  # <- DRP104
