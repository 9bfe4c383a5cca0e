"""A comment says that it is meant."""

import torch.nn.functional as F
from torch import nn


class Prenet(nn.Module):
    def forward(self, x):
        for layer in self.layers:
            x = F.dropout(F.relu(layer(x)), 0.5, training=True)  # always on, as in the paper
        return x


class Sampler(nn.Module):
    def forward(self, x):
        # Dropout is active on purpose: its noise is the uncertainty.
        x = F.dropout(x, self.p, training=True)
        for layer in self.layers:  # dropout: always-on
            x = F.dropout(layer(x), self.p, True)
        return x


class Resampled(nn.Module):
    def forward(self, x):
        if self.p > 0:
            # ``training=True`` draws anew under ``eval()``, too.
            x = F.dropout(x, self.p, training=True)
        return self.last(x)
