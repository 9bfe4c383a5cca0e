"""A script that looks at a layer, and a test of one."""

import torch
from torch import nn

layer = nn.Dropout(0.2)
print(layer(torch.ones(8)))
print(nn.Dropout(0.5)(torch.ones(8)))


def test_dropout_scales():
    dropout = nn.Dropout(0.5)
    assert dropout(torch.ones(1000)).max() == 2
    assert nn.Dropout(0.5)(torch.ones(1000)).max() == 2
