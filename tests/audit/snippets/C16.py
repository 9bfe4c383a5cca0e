# layer: run
"""A second dropout is built, and the first is used in its place."""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.mix, self.grow = nn.Linear(width, width), nn.Linear(width, width)
        self.drop_mix, self.drop_grow = nn.Dropout(p), nn.Dropout(p)

    def forward(self, x):
        x = x + self.drop_mix(self.mix(x))
        return x + self.drop_mix(self.grow(x).relu())


def main():
    model = nn.Sequential(Block(8, 0.2), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(5):
        loss = model(torch.randn(4, 8)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
