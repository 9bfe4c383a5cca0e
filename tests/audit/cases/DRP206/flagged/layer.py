"""The rate of a layer, in the other branch."""

from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.2)

    def forward(self, x):
        if self.training:
            x = x + 1
        else:
            self.dropout.p = 0  # <- DRP206
        return self.dropout(x)
