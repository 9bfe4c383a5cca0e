"""A loop in a method, switched by `train(True)`."""

import torch
from torch import nn


class Uncertain:
    def __init__(self):
        self.net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.Linear(2, 1))

    @torch.inference_mode()
    def sample(self, x, passes):
        self.net.train(True)  # <- DRP208
        draws = []
        for _ in range(passes):
            draws.append(self.net(x))
        self.net.eval()
        return torch.stack(draws)
