"""The stream goes on where it was: a fork of it, or another generator."""

import torch
from torch import nn


class Net(nn.Module):
    def forward(self, x):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            noise = torch.randn(4)
        state = torch.get_rng_state()
        torch.manual_seed(1)
        other = torch.randn(4)
        torch.set_rng_state(state)
        return x + noise + other


def train(model, loader, optimizer, generator):
    model.train()
    for batch in loader:
        generator.manual_seed(0)
        optimizer.zero_grad()
        model(batch).mean().backward()
        optimizer.step()


def compare(model, seeds, x):
    model.eval()
    for _ in seeds:
        torch.manual_seed(0)
        print(model(x))
