"""A list that ends in it."""

from torch.nn import Dropout, Linear, ReLU, Sequential


def regressor(width, depth, p):
    layers = []
    for _ in range(depth):
        layers += [Linear(width, width), ReLU()]
    layers.append(Linear(width, 1))
    layers.append(Dropout(p))  # <- DRP306
    return Sequential(*layers)
