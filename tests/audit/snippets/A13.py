"""A probability of keeping, where dropout wants that of dropping."""

from torch import nn


def build(keep_prob=0.8):
    return nn.Sequential(nn.Linear(16, 16), nn.ReLU(),
                         nn.Dropout(p=keep_prob), nn.Linear(16, 2))  # <- DRP108
