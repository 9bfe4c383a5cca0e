"""A model that is seen whole."""

from torch import nn

net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1), nn.Linear(4, 2))
for module in net.modules():
    if isinstance(module, nn.Dropout):
        module.p = 0.0
