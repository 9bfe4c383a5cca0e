# layer: run
"""Each step is seeded anew, so each drops the same units."""

import torch
from torch import nn


def train(model, batches, seed):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for x, y in batches:
        torch.manual_seed(seed)
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def main():
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1))
    train(model, [(torch.randn(4, 8), torch.randn(4, 1)) for _ in range(4)], seed=7)


if __name__ == "__main__":
    main()
