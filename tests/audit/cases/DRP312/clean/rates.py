"""A rate is set, not taken away."""

from torch import nn


def set_rate(model, p):
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = p
