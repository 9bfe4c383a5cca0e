"""`self.train` is the method; it is true whatever the mode."""

import torch.nn.functional as F
from torch import nn


class Graph(nn.Module):
    def forward(self, x, edges):
        edges = thin_edges(edges, p=0.2, training=self.train)  # <- DRP105
        return F.dropout(self.convolve(x, edges), training=self.train)  # <- DRP105
