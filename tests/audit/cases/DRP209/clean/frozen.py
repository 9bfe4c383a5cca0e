"""Parts are frozen on purpose."""

import torch
import torch.nn.functional as F


def linear_probe(model, loader):
    model.eval()
    model.head.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def last_layer(model, loader):
    model.eval()
    for p in model.parameters():
        p.requires_grad = False
    model.fc = torch.nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.fc.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def fine_tune(model, loader):
    model.eval()  # keep the statistics of batch norm, and dropout off, on purpose
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
