"""Batch norm's statistics are brought up to date: that is what training mode is for here."""

import torch
from torch import nn


def update_bn(loader, model):
    model.train()
    with torch.no_grad():
        for x in loader:
            model(x)


def calibrate(loader):
    net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.1))
    net.train()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.reset_running_stats()
    with torch.no_grad():
        for x in loader:
            net(x)
