"""A layer of our own, or torchdrop's, that wants to know what is kept."""

from torch import nn
from torchdrop.nn import Dropout


class KeepDropout(nn.Dropout):
    def __init__(self, keep_prob):
        super().__init__(1 - keep_prob)


def build(keep_prob):
    kept = KeepDropout(keep_prob)
    return nn.Sequential(kept, nn.Linear(4, 4), Dropout.from_keep_probability(keep_prob))
