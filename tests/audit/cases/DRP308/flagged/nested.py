"""One block ends in it, and the next begins with it."""

from torch.nn import Dropout, Linear, ReLU, Sequential


def build(width, p):
    body = Sequential(Linear(width, width), ReLU(), Dropout(p))
    head = Sequential(Dropout(p), Linear(width, 2))  # <- DRP308
    return Sequential(body, head)
