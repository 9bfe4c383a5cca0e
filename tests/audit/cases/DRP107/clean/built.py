"""Built where layers are built, and called elsewhere."""

from torch import nn


class Net(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.dropout = nn.Dropout(p)
        self.layers = self.build(p)

    def build(self, p):
        dropout = nn.Dropout(p)
        return nn.Sequential(nn.Linear(4, 4), dropout, nn.Linear(4, 4))

    def forward(self, x):
        return self.layers(self.dropout(x))
