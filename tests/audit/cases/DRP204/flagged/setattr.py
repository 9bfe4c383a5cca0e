"""Through setattr, and through an attribute of one's own."""

from torch import nn


class Trainer:
    def __init__(self, width):
        self.model = nn.ModuleDict({"a": nn.Linear(width, width), "b": nn.BatchNorm1d(width)})

    def rest(self):
        self.model.training = False  # <- DRP204
        setattr(self.model, "training", False)  # <- DRP204
