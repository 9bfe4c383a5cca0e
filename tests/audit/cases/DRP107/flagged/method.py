"""A new layer for every call; new layers are in training mode."""

import torch
from torch import nn


class Pool(nn.Module):
    def forward(self, x):
        w = torch.softmax(self.score(x), dim=-1)
        w = nn.Dropout(self.p)(w)  # <- DRP107
        return w @ x
