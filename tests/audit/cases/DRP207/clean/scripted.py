"""A script keeps asking for its mode; and training is exported on purpose."""

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
scripted = torch.jit.script(net)
scripted.eval()
# on purpose: this program is trained on
program = torch.export.export(net, (torch.ones(1, 4),))
