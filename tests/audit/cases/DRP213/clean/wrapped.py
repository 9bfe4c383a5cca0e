"""A wrapper is the same model, and both names are meant so."""

import torch
from torch.nn.parallel import DistributedDataParallel


def run(model, loader, val_loader):
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(parallel.parameters(), lr=0.1)
    for x, y in loader:
        parallel.train()
        loss = (parallel(x) - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        return [model(x) for x, _ in val_loader]
