"""A part of training: gradients are off for one pass, on for the next."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1))


def fit(loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for x in loader:
        with torch.no_grad():
            targets = torch.stack([model(x) for _ in range(4)]).mean(0)
        loss = (model(x) - targets).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
