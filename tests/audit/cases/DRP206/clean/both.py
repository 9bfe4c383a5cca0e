"""Both modes set it."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.rate = p

    def forward(self, x):
        if self.training:
            self.p = self.rate
        else:
            self.p = 0.0
        return F.dropout(x, self.p, self.training)


class Net(nn.Module):
    def train(self, mode=True):
        self.drop_rate = self.rate if mode else 0.0
        return super().train(mode)

    def eval(self):
        self.drop_rate = 0.0
        return super().eval()
