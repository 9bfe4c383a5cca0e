"""The function behind `nn.MultiheadAttention` believes that it trains, unless it is told."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, q, k, v):
        o, _ = F.multi_head_attention_forward(  # <- DRP106
            q, k, v, self.width, self.heads, self.w, self.b, None, None, False,
            self.p, self.out.weight, self.out.bias,
        )
        return o
