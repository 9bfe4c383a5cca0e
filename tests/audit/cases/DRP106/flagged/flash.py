"""The functions of flash-attn and xformers know no mode either."""

import xformers.ops as xops
from flash_attn import flash_attn_func, flash_attn_varlen_qkvpacked_func
from torch import nn


class Attention(nn.Module):
    def __init__(self, p=0.1):
        super().__init__()
        self.attn_drop = p

    def attend(self, q, k, v):
        o = flash_attn_func(q, k, v, self.attn_drop, causal=True)  # <- DRP106
        return o + xops.memory_efficient_attention(q, k, v, p=self.attn_drop)  # <- DRP106

    def packed(self, qkv, lengths, longest):
        return flash_attn_varlen_qkvpacked_func(qkv, lengths, longest, self.attn_drop)  # <- DRP106
