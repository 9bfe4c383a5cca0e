# layer: run
"""A mask made by hand that does not ask for the mode: found by comparing two passes."""

import torch
from torch import nn

import torchdrop


class Noisy(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.rate = p

    def forward(self, x):
        keep = torch.rand_like(x) > self.rate
        return x * keep / (1 - self.rate)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(8, 16)
        self.noise = Noisy(0.3)
        self.head = nn.Linear(16, 2)

    def forward(self, x):
        return self.head(self.noise(self.stem(x)))


def main():
    model = Net()
    with torchdrop.watch(on_find="collect") as watching:
        watching.compare(model, torch.randn(4, 8))
    return watching.findings


if __name__ == "__main__":
    FINDINGS = main()
