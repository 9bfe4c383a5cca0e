# layer: run
"""Monte Carlo samples in training mode: they change the statistics of batch normalization."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU())
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        return self.out(self.drop(self.body(x)))


def main():
    net, x = Net(), torch.randn(32, 8)
    before = net.body[1].running_mean.clone()
    net.train()
    with torch.no_grad():
        for _ in range(10):
            net(x)
    print("moved by", float((net.body[1].running_mean - before).abs().max()))


if __name__ == "__main__":
    main()
