"""A wrapper hands its flag on: whoever sets it calls `train`."""

from torch import nn


class Wrapper(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self._inner = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1))

    @property
    def training(self):
        return self._inner.training

    @training.setter
    def training(self, value):
        self._inner.training = value
