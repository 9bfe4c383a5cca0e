"""Evaluation between the epochs sets the stream back, and every epoch goes on from there."""

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 1))
optimizer = torch.optim.Adam(net.parameters())


def train(loader):
    net.train()
    for x, y in loader:
        optimizer.zero_grad()
        nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()


@torch.no_grad()
def test(loader):
    net.eval()
    torch.manual_seed(12345)  # <- DRP113
    return sum(nn.functional.mse_loss(net(x + torch.randn_like(x)), y) for x, y in loader)


for epoch in range(10):
    train(train_loader)
    print(test(val_loader))
