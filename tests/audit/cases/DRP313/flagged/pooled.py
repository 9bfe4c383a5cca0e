"""Before the maximum of neighbors."""

import torch.nn as layers


def block(width, p):
    parts = [layers.Conv2d(3, width, 3), layers.ReLU()]
    parts.append(layers.Dropout(p))  # <- DRP313
    parts.append(layers.MaxPool2d(2))
    return layers.Sequential(*parts)
