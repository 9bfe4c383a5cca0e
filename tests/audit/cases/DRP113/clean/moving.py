"""The seed moves with the step."""

import torch
from torch import nn


def train(model, loader, optimizer, seed):
    model.train()
    for step, batch in enumerate(loader):
        torch.manual_seed(seed + step)
        optimizer.zero_grad()
        model(batch).mean().backward()
        optimizer.step()


def other(model, loader, optimizer, seed):
    model.train()
    for batch in loader:
        seed += 1
        torch.manual_seed(seed)
        optimizer.zero_grad()
        model(batch).mean().backward()
        optimizer.step()


class Net(nn.Module):
    def forward(self, x, seed):
        torch.manual_seed(seed)
        return self.drop(x)
