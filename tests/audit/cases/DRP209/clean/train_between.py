"""train() is called in between, here or by another function."""

import torch
import torch.nn.functional as F

from elsewhere import prepare


def ready(model):
    model.train()


def fit(model, loader, optimizer):
    model.eval()
    print(model(next(iter(loader))[0]))
    ready(model)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def hidden(model, loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.eval()
    prepare(model)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
