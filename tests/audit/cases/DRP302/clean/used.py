"""Used in the forward, in a helper, in a base class, or below."""

import torch.nn.functional as F
from torch import nn


class Direct(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        return self.drop(x)


class ByRate(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.1)

    def forward(self, q, k, v):
        p = self.drop.p if self.training else 0.0
        return F.scaled_dot_product_attention(q, k, v, dropout_p=p)


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.noise = nn.Dropout(0.1)

    def forward(self, x):
        return x


class Below(Base):
    def forward(self, x):
        return self.noise(x)
