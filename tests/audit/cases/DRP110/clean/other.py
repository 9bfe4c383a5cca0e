"""No dropout of torch's, or nothing that a model computes."""

import time

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, droplet):
        super().__init__()
        self.drop = droplet

    def forward(self, x):
        self.drop(x)
        return x


def benchmark(x):
    start = time.perf_counter()
    for _ in range(100):
        F.dropout(x, 0.5, True)
    y = F.dropout(x, 0.5, True)
    return time.perf_counter() - start
