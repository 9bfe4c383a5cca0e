"""By assignment, with the names of the parameters, and the mode as an argument."""

import torch.nn as nn


def prepare(net: nn.Module, rate: float):
    net.encoder.drop = nn.Dropout(rate)
    for _, weight in net.encoder.named_parameters():
        weight.requires_grad = False
    net.head = nn.Linear(8, 2)
    net.train(True)  # <- DRP211
    return net
