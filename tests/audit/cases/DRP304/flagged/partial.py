"""Bound before, and in a list of layers of which each has one."""

from functools import partial

import torch.nn as layers

recurrent = partial(layers.LSTM, batch_first=True, dropout=0.1)


def build(width, depth):
    first = recurrent(width, width)  # <- DRP304
    stack = [layers.GRU(width, width, dropout=0.2) for _ in range(depth)]  # <- DRP304
    return layers.ModuleList([first, *stack])
