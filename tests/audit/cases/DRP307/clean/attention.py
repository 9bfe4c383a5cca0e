"""Weights of an attention, as usual."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.query = nn.Linear(width, width)
        self.attend = nn.Sequential(nn.Softmax(dim=-1), nn.Dropout(0.1))
        self.drop = nn.Dropout(0.1)

    def forward(self, q, k, v):
        w = self.drop(torch.softmax(q @ k.transpose(-1, -2), -1))
        return self.attend(self.query(q) @ k) @ (w @ v)
