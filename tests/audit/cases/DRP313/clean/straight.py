"""Rectifiers commute with dropout: scale and zero before or behind, it is the same."""

import torch
from torch import nn

net = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.1), nn.ReLU(), nn.Linear(8, 2))
leaky = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.1), nn.LeakyReLU(0.2), nn.Linear(8, 2))
learned = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.1), nn.PReLU(), nn.Linear(8, 2))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        return torch.relu(self.drop(x))
