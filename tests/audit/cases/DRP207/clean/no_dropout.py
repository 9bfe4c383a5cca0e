"""Nothing in it depends on the mode; or it is a function."""

import torch
from torch import nn


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(x)


plain = Plain()
torch.export.export(plain, (torch.ones(1, 4),))
torch.jit.trace(lambda x: x * 2, torch.ones(1))
