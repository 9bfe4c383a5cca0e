"""The rate itself is 0 in evaluation, or always."""

import torch
import torch.nn.functional as F
from torch import nn


class Head(nn.Module):
    def forward(self, x):
        x = self.first(F.dropout(x, self.p if self.training else 0.0))
        x = self.second(F.dropout(x, p=self.p * self.training))
        x = F.dropout(x, 0.0)
        return self.last(x)


class Tail(nn.Module):
    def forward(self, x):
        rate = 0.0
        if self.training:
            rate = self.rate
        return torch.dropout(self.first(F.dropout2d(x, rate)), p=0.2, train=self.training)
