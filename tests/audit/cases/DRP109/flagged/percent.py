"""A percentage, and rates that torch refuses as soon as they are used."""

import torch.nn.functional as F
from torch import nn

RATE = 50


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.thin = nn.Dropout(RATE)  # <- DRP109
        self.attention = nn.MultiheadAttention(8, 2, dropout=10)  # <- DRP109

    def forward(self, x):
        x, _ = self.attention(x, x, x)
        x = self.thin(x)
        return F.dropout(x, -0.1, self.training)  # <- DRP109
