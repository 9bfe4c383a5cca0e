"""Everything is dropped."""

import torch.nn as layers
from torch.nn.functional import dropout as thin


class Base(layers.Module):
    def __init__(self):
        super().__init__()
        self.first = layers.AlphaDropout(p=1.0)  # <- DRP109
        self.cells = layers.LSTM(8, 8, 2, True, True, 1.0)  # <- DRP109


class Net(Base):
    def forward(self, x):
        x, _ = self.cells(layers.functional.selu(x))
        return thin(self.first(x), 1, self.training)  # <- DRP109
