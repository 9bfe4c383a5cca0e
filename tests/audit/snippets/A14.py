"""eval is looked up, and not called."""

import torch
from torch import nn


class Rater(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 24)
        self.drop = nn.Dropout(0.4)
        self.out = nn.Linear(24, 1)

    def forward(self, x):
        return self.out(self.drop(torch.relu(self.hidden(x))))


def rate(path, x):
    rater = Rater()
    rater.load_state_dict(torch.load(path, weights_only=True))
    rater.eval  # <- DRP202
    with torch.no_grad():
        return rater(x)
