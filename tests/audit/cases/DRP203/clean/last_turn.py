"""After the last turn there is none; and every fold has a network of its own."""

import torch
from torch import nn


def fit(model, loader, test_loader, epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for epoch in range(epochs):
        for x, y in loader:
            loss = (model(x) - y).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch == epochs - 1:
            model.eval()
            print(sum(model(x).sum() for x, _ in test_loader))


def folds(loaders):
    for loader, test_loader in loaders:
        model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in loader:
            loss = (model(x) - y).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        print(sum(model(x).sum() for x, _ in test_loader))
