"""An attribute, and the exponential of a variable."""

import torch
from torch import nn


class PPO:
    def __init__(self):
        self.net = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.1))

    def loss(self, obs, act):
        self.net.eval()
        with torch.no_grad():
            before = self.net(obs).log_softmax(-1)[act]
        self.net.train()
        after = self.net(obs).log_softmax(-1)[act]
        log_ratio = after - before
        return torch.exp(log_ratio).mean()  # <- DRP215
