"""A score for each token, made weights: an attention by itself."""

import torch
from torch import nn


class Pool(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weights = nn.Sequential(nn.Linear(width, 1), nn.Softmax(dim=1), nn.Dropout(0.1))
        self.score = nn.Linear(width, 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        return (self.weights(x) * x).sum(1)

    def scores(self, x):
        return self.drop(torch.softmax(self.score(x), dim=1))
