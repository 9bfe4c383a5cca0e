"""The call is in a base class, with the input by keyword, over several lines."""

import torch
from torch import nn


class Noisy(nn.Module):
    def noise(self, x):
        return torch.nn.functional.alpha_dropout(  # <- DRP102
            input=x,
            p=self.rate,
            inplace=False,
        )


class Net(Noisy):
    def __init__(self):
        super().__init__()
        self.rate = 0.1
        self.last = nn.Linear(8, 2)

    def forward(self, x):
        return self.last(self.noise(torch.selu(x)))
