"""Whoever calls decides; a processor that is no module cannot know."""

import torch.nn.functional as F
from flash_attn import flash_attn_func
from torch import nn


def attend(q, k, v, dropout_p=0.1):
    return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout_p)


class Processor:
    def __call__(self, attention, q, k, v, **settings):
        rate = attention.dropout if attention.training else 0.0
        o = flash_attn_func(q, k, v, rate)
        return o + F.scaled_dot_product_attention(q, k, v, **settings)


class Attention(nn.Module):
    def forward(self, q, k, v, rate):
        return attend(q, k, v, rate) + F.scaled_dot_product_attention(q, k, v)
