"""Two ways, of which only one has dropout."""

import torch.nn.functional as F
from torch import nn


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(8)

    def forward(self, x, noisy):
        if noisy and self.training:
            x = F.dropout(x, 0.1)
        else:
            x = self.norm(x)
        return x


def mlp(p, normed):
    layers = [nn.Linear(8, 8)]
    if normed:
        layers.append(nn.BatchNorm1d(8))
    else:
        layers.append(nn.Dropout(p))
    return nn.Sequential(*layers)
