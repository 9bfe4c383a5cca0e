# layer: run
"""An adapter is put into a model in evaluation mode; its dropout comes in training mode."""

import torch
from torch import nn


class Adapted(nn.Module):
    def __init__(self, inner, rank=2, p=0.1):
        super().__init__()
        self.inner = inner
        self.drop = nn.Dropout(p)
        self.down = nn.Linear(inner.in_features, rank, bias=False)
        self.up = nn.Linear(rank, inner.out_features, bias=False)

    def forward(self, x):
        return self.inner(x) + self.up(self.down(self.drop(x)))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(8, 16), nn.Linear(16, 2)

    def load_adapter(self):
        self.first = Adapted(self.first)

    def forward(self, x):
        return self.second(self.first(x).relu())


def main():
    model, x = Model(), torch.randn(4, 8)
    model.eval()
    with torch.no_grad():
        before = model(x)
        model.load_adapter()
        after = model(x)
    print("largest difference", float((after - before).abs().max()))


if __name__ == "__main__":
    main()
