# layer: run
"""A dropout of one's own that forgets to divide by 1 - p."""

import torch
from torch import nn

import torchdrop


class PlainDropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) > self.p)


def main():
    model = nn.Sequential(nn.Linear(8, 16), PlainDropout(0.4), nn.Linear(16, 1))
    with torchdrop.watch(on_find="collect") as watching:
        watching.examine(model)
    return watching.findings


if __name__ == "__main__":
    FINDINGS = main()
