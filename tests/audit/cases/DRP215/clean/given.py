"""Old ones are given with the data; and a difference of other things."""

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1))


def loss(batch):
    net.train()
    new = net(batch["states"])
    kernel = torch.exp(-(new - batch["target"]).square())
    return torch.exp(new - batch["old"]).mean() + kernel.mean()
