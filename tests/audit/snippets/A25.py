"""A boolean as the rate: everything is dropped."""

from torch import nn


def conv_block(cin, cout, dropout=True):
    return nn.Sequential(nn.Conv2d(cin, cout, 3),
                         nn.ReLU(), nn.Dropout(dropout))  # <- DRP109
