"""A layer that keeps more than one rate."""

from torch import nn

layer = nn.TransformerEncoderLayer(8, 2, dropout=0.1)
for module in layer.modules():
    if isinstance(module, nn.Dropout):
        module.p = 0.0  # <- DRP312
