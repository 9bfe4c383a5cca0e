"""Gradients for their own sake, and an evaluation after training."""

import torch
import torch.nn.functional as F


def saliency(model, x):
    model.eval()
    x.requires_grad_()
    model(x).max().backward()
    return x.grad


def fit_and_score(model, loader, test_loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        return [model(x) for x, _ in test_loader]
