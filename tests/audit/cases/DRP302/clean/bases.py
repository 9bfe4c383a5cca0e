"""A base without a forward leaves it to others; of a base that is not seen nothing is known."""

from elsewhere import Attention
from torch import nn


class Mixin(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.1)


class Own(Attention):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        return super().forward(x)


class Encoder(nn.TransformerEncoderLayer):
    def __init__(self):
        super().__init__(8, 2)
        self.dropout = nn.Dropout(0.3)

    def forward(self, x):
        return super().forward(x)


class Sequence(nn.Sequential):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.drop = nn.Dropout(0.1)
