"""A probability that goes into its loss."""

import torch
import torch.nn.functional as F
from torch import nn

net = nn.Linear(8, 1)
drop = nn.Dropout(0.2)


def step(x, y):
    p = torch.sigmoid(net(x))
    p = drop(p)  # <- DRP307
    loss = F.binary_cross_entropy(p, y)
    loss.backward()
