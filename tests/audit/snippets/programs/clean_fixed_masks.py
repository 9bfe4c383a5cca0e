"""LBFGS and SAM's two passes inside same_masks, and a run that keeps its masks throughout."""

import torch
from torch import nn

from torchdrop.modes import same_masks


def build():
    return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 1))


def newton(x, y):
    model = build()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4)

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        return loss

    for step in range(3):
        with same_masks(model, seed=step):
            optimizer.step(closure)


def throughout(x, y):
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with same_masks(model, seed=1):
        for _ in range(5):
            loss = nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def main():
    x, y = torch.randn(16, 8), torch.randn(16, 1)
    newton(x, y)
    throughout(x, y)


if __name__ == "__main__":
    main()
