"""In a plain function."""

import torch
from torch import nn


def attend(q, k, v, p):
    weights = torch.softmax(q @ k.transpose(-2, -1), -1)
    return nn.Dropout(p)(weights) @ v  # <- DRP107
