"""Gradients of four batches for each step."""

import torch
from torch import nn

from torchdrop.modes import Guard


def main() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    batches = [(torch.randn(4, 8), torch.randn(4, 1)) for _ in range(3)]
    with Guard(model):
        for _ in range(3):
            optimizer.zero_grad()
            for x, y in batches:
                loss = nn.functional.mse_loss(model(x), y) / len(batches)
                loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()


if __name__ == "__main__":
    main()
