"""eval() is called: here, in the caller, by a context, or as `train(False)`."""

import contextlib

import torch
from torch import nn

from torchdrop.modes import evaluating


def build():
    return nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))


@contextlib.contextmanager
def quiet(model):
    was = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was)


def validate_here(model, loader):
    model.eval()
    with torch.no_grad():
        return sum(model(x).sum() for x in loader)


def validate_false(model, loader):
    model.train(mode=False)
    with torch.no_grad():
        return sum(model(x).sum() for x in loader)


def validate_with(model, loader):
    with quiet(model), torch.no_grad():
        return sum(model(x).sum() for x in loader)


def validate_ours(model, loader):
    with torch.no_grad(), evaluating(model):
        return sum(model(x).sum() for x in loader)


def score(net, loader):
    with torch.no_grad():
        return sum(net(x).sum() for x in loader)


def main(val_loader):
    net = build()
    net.eval()
    return score(net, val_loader)
