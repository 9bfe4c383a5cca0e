"""For attention and for whole transformers."""

from functools import partial

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, width, keep_rate):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(width, 4, 64, keep_rate)  # <- DRP108
        self.attention = nn.MultiheadAttention(width, 4, dropout=keep_rate)  # <- DRP108
        self.thin = partial(nn.Dropout, keep_rate)()  # <- DRP108
