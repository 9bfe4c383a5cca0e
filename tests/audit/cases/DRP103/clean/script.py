"""Outside of a module there is no mode to pass on; whoever writes the constant means it."""

import torch
import torch.nn.functional as F

views = [F.dropout(torch.ones(4, 8), 0.1, training=True) for _ in range(2)]


def augment(batch):
    return F.dropout(batch, 0.1, training=True)
