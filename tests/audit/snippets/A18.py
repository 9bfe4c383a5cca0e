"""An override of train that keeps batch norm asleep, and all the rest as it was."""

from torch import nn


class Segmenter(nn.Module):
    def __init__(self, stem):
        super().__init__()
        self.stem = stem
        self.drop = nn.Dropout2d(0.1)
        self.head = nn.Conv2d(64, 2, 1)

    def train(self, mode=True):  # <- DRP205
        self.training = mode
        self.stem.norm.eval()
        return self

    def forward(self, x):
        return self.head(self.drop(self.stem(x)))
