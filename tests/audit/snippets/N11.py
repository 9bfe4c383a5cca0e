"""A frozen part that stays in evaluation on purpose."""

import torch
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout(0.1))
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.backbone(x))


def build():
    model = Model()
    model.backbone.requires_grad_(False)
    model.train()
    model.backbone.eval()  # frozen statistics
    return model


def example():
    return torch.randn(4, 8)


optimizer = torch.optim.SGD(build().head.parameters(), 1e-2)
