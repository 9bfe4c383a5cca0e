"""Masks that are drawn ahead, where the layer is built; they are only used in training."""

import torch
from torch import nn


class Cells(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.width, self.p = width, p
        self._prepare()

    def _prepare(self):
        self.drop = nn.Dropout(self.p)
        self.masks = self.drop(torch.ones(1000, self.width))

    def forward(self, x):
        return x * self.masks[: len(x)] if self.training else x
