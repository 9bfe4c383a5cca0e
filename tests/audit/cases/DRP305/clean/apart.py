"""Something unknown lies between, or no dropout acts."""

from torch import nn


class Head(nn.Module):
    def __init__(self, middle):
        super().__init__()
        self.drop = nn.Dropout(0.3)
        self.middle = middle
        self.norm = nn.BatchNorm1d(8)

    def forward(self, x, y):
        h = self.drop(x)
        if y is not None:
            h = h + y
        return self.norm(self.middle(h))


none = nn.Sequential(nn.Dropout(0.0), nn.BatchNorm1d(8))
