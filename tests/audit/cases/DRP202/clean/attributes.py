"""Attributes of other names, and one that a class of one's own defines as a flag."""

import torch


class Phases:
    def __init__(self):
        self.eval = False
        self.train = True


phases = Phases()
phases.eval
print(torch.ones(1), phases.train)
