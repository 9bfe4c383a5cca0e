"""In a loop, behind each layer."""

from torch import nn


class Model(nn.Module):
    def __init__(self, widths, dropout=0.0):
        super().__init__()
        layers = []
        for a, b in zip(widths, widths[1:]):
            layers.append(nn.Linear(a, b))
            layers.append(nn.ReLU())
            if dropout > 0:
                layers.append(nn.Dropout(dropout))  # <- DRP311
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return self.body(x)
