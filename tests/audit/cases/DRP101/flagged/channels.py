"""Channel-wise dropout, and torch's functions without `nn.functional`."""

import torch
from torch import nn


class Block(nn.Module):
    def forward(self, x):
        x = nn.functional.dropout2d(self.convolution(x), 0.1)  # <- DRP101
        return torch.nn.functional.dropout3d(  # <- DRP101
            x,
            0.1,
        )
