"""A frozen backbone that is left in training mode."""

import torch
from torch import nn


class Detector(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.backbone(x))


def build():
    backbone = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.3))
    model = Detector(backbone=backbone)
    for p in model.backbone.parameters():
        p.requires_grad_(False)
    model.train()  # <- DRP211
    return model


def example():
    return torch.randn(4, 8)
