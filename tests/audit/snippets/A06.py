"""The same with flash-attn, by position."""

from flash_attn import flash_attn_func
from torch import nn


class Attention(nn.Module):
    def __init__(self, attn_drop):
        super().__init__()
        self.attn_drop = attn_drop

    def attend(self, q, k, v):
        out = flash_attn_func(q, k, v, self.attn_drop,  # <- DRP106
                              causal=True)
        return out
