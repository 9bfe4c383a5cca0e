"""Only the outermost module's flag is set; its layers do not hear of it."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return self.drop(self.first(x))


def predict(batch):
    net = Net()
    net.training = False  # <- DRP204
    with torch.inference_mode():
        return net(batch)
