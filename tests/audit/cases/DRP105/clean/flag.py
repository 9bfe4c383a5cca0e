"""The flag itself."""

import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def forward(self, x, train):
        if self.training and train:
            x = x + self.noise(x)
        return F.dropout(x, 0.1, training=self.training)
