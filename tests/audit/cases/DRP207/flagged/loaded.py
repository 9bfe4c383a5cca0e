"""Weights are loaded, and off it goes."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))

    def forward(self, x):
        return self.body(x)


def build_model():
    return Net()


net = build_model()
net.load_state_dict(torch.load("w.pt", weights_only=True))
program = torch.export.export(net, (torch.ones(1, 4),))  # <- DRP207
torch.export.save(program, "net.pt2")
