"""train() is called again: in the loop, at the end, in a helper, in `finally`, by a context."""

import contextlib

import torch
import torch.nn.functional as F


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()


def evaluate(model, loader):
    model.eval()
    with torch.no_grad():
        return sum(F.mse_loss(model(x), y) for x, y in loader)


def polite(model, loader):
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            return sum(F.mse_loss(model(x), y) for x, y in loader)
    finally:
        model.train(was_training)


def if_it_was(model, loader):
    was_training = model.training
    model.eval()
    total = sum(F.mse_loss(model(x), y) for x, y in loader)
    if was_training:
        model.train()
    return total


@contextlib.contextmanager
def resting(model):
    model.eval()
    yield model
    model.train()


def first(model, loader, val_loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(5):
        model.train()
        for x, y in loader:
            step(model, optimizer, x, y)
        evaluate(model, val_loader)


def second(model, loader, val_loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for epoch in range(5):
        for x, y in loader:
            step(model, optimizer, x, y)
        polite(model, val_loader)
        if_it_was(model, val_loader)


def third(model, loader, val_loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for epoch in range(5):
        for x, y in loader:
            step(model, optimizer, x, y)
        with resting(model):
            sum(F.mse_loss(model(x), y) for x, y in val_loader)
