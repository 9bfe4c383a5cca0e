"""Samples with dropout awake, and everything else in evaluation mode."""

import torch
from torchdrop.modes import sampling


def predict(model, x):
    model.eval()
    with torch.no_grad(), sampling(model):
        ys = torch.stack([model(x) for _ in range(30)])
    return ys.mean(0), ys.std(0)
