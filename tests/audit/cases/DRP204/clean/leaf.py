"""A layer without layers inside may be switched so."""

from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.5)

    def freeze(self):
        self.norm.training = False


drop = nn.Dropout(0.5)
drop.training = False
