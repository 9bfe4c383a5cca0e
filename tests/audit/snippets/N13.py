"""Dropout on attention's weights."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.drop = nn.Dropout(p)

    def forward(self, q, k, v):
        s = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        w = self.drop(torch.softmax(s, -1))
        return w @ v
