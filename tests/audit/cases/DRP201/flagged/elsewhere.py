"""A model of a package that is not here: what shows its dropout is the rate that it is given."""

import torch
from torch.nn import functional as F

from molecules import Fingerprint

model = Fingerprint(39, hidden=200, dropout=0.2).to("cpu")
optimizer = torch.optim.Adam(model.parameters())


def train(loader):
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()


@torch.no_grad()
def test(loader):
    return [F.mse_loss(model(x), y) for x, y in loader]  # <- DRP201


for _ in range(200):
    train(train_loader)
    print(test(val_loader))
