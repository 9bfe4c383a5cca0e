"""Both arguments where they belong."""

import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def forward(self, x):
        x = self.first(F.dropout(x, self.p, self.training))
        x = self.last(F.dropout(x, training=self.training))
        return F.dropout(x, training=self.training, p=0.2)
