"""A method two calls away from the loop, which has the seed in an attribute."""

import torch
from torch import nn


class Fit:
    def __init__(self, model, seed=0):
        self.seed = seed
        self.model = nn.Sequential(model, nn.Dropout(0.2), nn.Linear(8, 2))
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1)

    def fit(self, epochs, loader):
        for _ in range(epochs):
            self.model.train()
            for x, y in loader:
                self.step(x, y)
            self.report(loader)

    def step(self, x, y):
        self.optimizer.zero_grad()
        nn.functional.cross_entropy(self.model(x), y).backward()
        self.optimizer.step()

    def report(self, loader):
        print(self.some_of(loader))

    def some_of(self, loader):
        torch.manual_seed(self.seed)  # <- DRP113
        return loader.dataset[int(torch.randint(len(loader.dataset), ()))]
