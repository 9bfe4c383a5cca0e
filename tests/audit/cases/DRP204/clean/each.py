"""Every module is switched, one by one."""

from torch import nn

net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.2))
for module in net.modules():
    module.training = False
for name, child in net.named_modules():
    child.training = not isinstance(child, nn.BatchNorm1d)
modes = {m: m.training for m in net.modules()}
for m, was in modes.items():
    m.training = was
