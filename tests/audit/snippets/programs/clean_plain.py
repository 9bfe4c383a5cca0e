"""A plain loop: seed once, validation by eval() and no_grad, early stopping, best weights."""

import copy

import torch
from torch import nn


def evaluate(model, batches):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in batches:
            total += nn.functional.cross_entropy(model(x), y).item()
    model.train()
    return total


def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(model.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    train = [(torch.randn(8, 10), torch.randint(3, (8,))) for _ in range(6)]
    held_out = [(torch.randn(8, 10), torch.randint(3, (8,))) for _ in range(3)]
    best, weights = float("inf"), None
    for _ in range(4):
        for x, y in train:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        scheduler.step()
        loss = evaluate(model, held_out)
        if loss < best:
            best, weights = loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)
    evaluate(model, held_out)


if __name__ == "__main__":
    main()
