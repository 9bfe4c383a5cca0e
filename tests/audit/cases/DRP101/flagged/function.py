"""Outside of a module nobody sees who calls it: a warning."""

import torch.nn.functional as F


def noisy(x, rate=0.1):
    return F.dropout(x, rate) + F.relu(x)  # <- DRP101
