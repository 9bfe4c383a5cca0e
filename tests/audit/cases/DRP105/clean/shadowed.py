"""A module that holds a flag of that name itself."""

import torch.nn.functional as F
from torch import nn


class Policy(nn.Module):
    def __init__(self, train):
        super().__init__()
        self.train = train

    def forward(self, x):
        return F.dropout(x, 0.1, training=self.train) if self.train else x


class Other(nn.Module):
    @property
    def train(self):
        return self.training

    def forward(self, x):
        return F.dropout(x, 0.1, self.train)
