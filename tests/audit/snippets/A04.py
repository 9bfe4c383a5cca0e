"""The method `train` in the place of the flag `training`."""

import torch.nn.functional as F
from torch import nn
from torch_geometric.utils import dropout_adj


class Graph(nn.Module):
    def __init__(self, convolution):
        super().__init__()
        self.conv = convolution

    def forward(self, x, edge_index):
        ei, _ = dropout_adj(edge_index, p=0.2, training=self.train)  # <- DRP105
        return F.dropout(self.conv(x, ei), training=self.train)  # <- DRP105
