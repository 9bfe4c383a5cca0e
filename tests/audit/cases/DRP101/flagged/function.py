"""Outside of a module nobody sees who calls it: a warning; advice, if the rate is theirs to give."""

import torch.nn.functional as F


def noisy(x, rate=0.1):
    return F.dropout(x, rate) + F.relu(x)  # <- DRP101


def required(x, rate):
    return F.dropout(x, rate) + 1  # <- DRP101
