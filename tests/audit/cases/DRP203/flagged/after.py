"""No loop around both: a first score, then training."""

import torch
import torch.nn.functional as F


def score(model, loader):
    model.eval()
    with torch.no_grad():
        return sum(F.mse_loss(model(x), y) for x, y in loader)


def main(model, train_loader, val_loader):
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    print("before", score(model, val_loader))  # <- DRP203
    for x, y in train_loader:
        loss = F.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
