"""TRADES: the attack runs the model in evaluation mode, many times on one input; then it learns."""

import torch
from torch import nn
from torch.nn import functional as F


def attack(model, x, steps=4):
    model.eval()
    moved = x + 0.01 * torch.randn_like(x)
    for _ in range(steps):
        moved = moved.detach().requires_grad_()
        gap = F.kl_div(model(moved).log_softmax(-1), model(x).softmax(-1), reduction="sum")
        (gradient,) = torch.autograd.grad(gap, moved)
        moved = moved + 0.01 * gradient.sign()
    return moved.detach()


def main():
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(5):
        x, y = torch.randn(8, 8), torch.randint(3, (8,))
        moved = attack(model, x)
        model.train()
        scores = model(x)
        gap = F.kl_div(model(moved).log_softmax(-1), scores.softmax(-1), reduction="batchmean")
        loss = F.cross_entropy(scores, y) + gap
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
