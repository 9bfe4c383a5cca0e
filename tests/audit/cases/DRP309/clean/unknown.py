"""What came before is not seen, or keeps more axes."""

from torch import nn


class Head(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body
        self.drop = nn.Dropout2d(0.1)

    def forward(self, x):
        return self.drop(self.body(x))


kept = nn.Sequential(nn.Flatten(start_dim=3), nn.Dropout2d(0.1))
