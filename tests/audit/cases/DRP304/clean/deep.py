"""Two layers and more, where it acts between them."""

from torch import nn


class Deep(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.LSTM(width, width, 2, dropout=0.3)
        self.second = nn.GRU(width, width, num_layers=3, dropout=0.3)

    def forward(self, x):
        return self.second(self.first(x)[0])
