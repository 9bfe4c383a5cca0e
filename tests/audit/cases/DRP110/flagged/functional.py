"""The functional forms, in a module and in a plain function."""

import torch.nn.functional as F
from torch import nn
from torch.nn.functional import dropout2d as thin_maps


class Net(nn.Module):
    def forward(self, x):
        x = self.features(x)
        thin_maps(x, 0.1, self.training)  # <- DRP110
        return self.head(x)


def block(x, weight, p, training):
    x = x @ weight
    F.dropout(x, p, training)  # <- DRP110
    return F.relu(x)
