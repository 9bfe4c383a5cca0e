"""As attributes, and in functions."""

import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.retain_probability = settings.retain
        self.thin = nn.Dropout2d(settings.keepProb)  # <- DRP108

    def forward(self, x):
        x = self.thin(x)
        return F.dropout(x, self.retain_probability, training=self.training)  # <- DRP108
