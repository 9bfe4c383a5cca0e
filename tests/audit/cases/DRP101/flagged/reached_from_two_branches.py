"""The method that drops is reached from a branch that the mode decides, and from one that it does not."""

import torch.nn.functional as F
from torch import nn


class Encoder(nn.Module):
    def forward(self, x):
        if self.training:
            x = self.noisy(x)
        return self.noisy(self.last(x))

    def noisy(self, x):
        return F.dropout(x, self.rate)  # <- DRP101
