"""Files for `torchdrop audit` to look at."""

ERROR = """import torch.nn.functional as F
from torch import nn


class Model(nn.Module):
    def forward(self, x):
        return F.dropout(x, 0.5)
"""


WARNING = """import torch.nn.functional as F


def noisy(x):
    return F.dropout(x, 0.5)
"""


ADVICE = """import torch.nn.functional as F
from torch import nn


class Model(nn.Module):
    def forward(self, x):
        return F.dropout(x, 0.5, training=True)
"""
