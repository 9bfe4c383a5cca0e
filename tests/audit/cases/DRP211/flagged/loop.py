"""Frozen once, and switched at every epoch."""

from torch import nn


def fit(model: nn.Module, drop: nn.Dropout, epochs: int, step):
    model.features.requires_grad_(False)
    for _ in range(epochs):
        model.train()  # <- DRP211
        step(model, drop)
