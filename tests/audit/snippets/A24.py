"""Evaluation writes 0 over the rate, for ever."""

import torch.nn.functional as F
from torch import nn


class FastAttention(nn.Module):
    def __init__(self, width, attention_dropout):
        super().__init__()
        self.mix = nn.Linear(width, width)
        self.attention_dropout = attention_dropout

    def forward(self, q, k, v):
        if not self.training:
            self.attention_dropout = 0.0  # <- DRP206
        rate = self.attention_dropout if self.training else 0.0
        return self.mix(F.scaled_dot_product_attention(q, k, v, dropout_p=rate))
