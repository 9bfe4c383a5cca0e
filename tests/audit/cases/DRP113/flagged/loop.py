"""The same seed before every step."""

import torch


def train(model, loader, criterion, optimizer, seed):
    model.train()
    for x, y in loader:
        torch.manual_seed(seed)  # <- DRP113
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
