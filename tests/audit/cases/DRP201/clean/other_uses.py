"""Gradients are off for other reasons: teachers, statistics of batch norm, metrics in training."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        return self.drop(self.norm(x))


def update_statistics(model, loader):
    model.train()
    with torch.no_grad():
        for x in loader:
            model(x)


def distill(student, teacher, optimizer, loader):
    for x in loader:
        with torch.no_grad():
            target = teacher(x)
        loss = (student(x) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_shape():
    model = Net()
    with torch.no_grad():
        assert model(torch.ones(2, 4)).shape == (2, 4)


class Vocoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.predictor = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))

    @torch.no_grad()
    def inference(self, x):
        return self.predictor(x)
