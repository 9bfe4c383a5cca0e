"""No dropout: training mode changes nothing."""

import torch
from torch import nn


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, x):
        return self.layer(x).log_softmax(-1)


def ratio(states):
    policy = Policy()
    policy.train()
    with torch.no_grad():
        old = policy(states)
    new = policy(states)
    return torch.exp(new - old)
