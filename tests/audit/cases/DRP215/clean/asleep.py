"""Both in evaluation."""

import torch
from torch import nn

policy = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1), nn.LogSoftmax(-1))


def ratio(states):
    policy.eval()
    with torch.no_grad():
        old = policy(states)
    new = policy(states)
    return (new - old).exp()
