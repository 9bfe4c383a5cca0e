"""Only some of the dropout is disabled."""

import torch
from torch import nn


def build():
    layer = nn.TransformerEncoderLayer(8, 2, dropout=0.1)
    for m in layer.modules():
        if isinstance(m, nn.Dropout):
            m.p = 0.0  # <- DRP312
    return layer


def example():
    return torch.randn(5, 4, 8)
