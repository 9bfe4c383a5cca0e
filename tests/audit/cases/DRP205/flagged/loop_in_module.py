"""A training loop under the name that `eval()` calls."""

import torch.nn as nn


class Base(nn.Module):
    pass


class Regressor(Base):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def train(self, loader, optimizer, epochs):  # <- DRP205
        for _ in range(epochs):
            for x, y in loader:
                optimizer.zero_grad()
                (self.layer(x) - y).square().mean().backward()
                optimizer.step()
