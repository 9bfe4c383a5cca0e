"""The guard watches a copy of the model, which nobody calls."""

import copy

import torch
from torch import nn

from torchdrop.modes import Guard


def main() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1))
    batches = [(torch.randn(4, 8), torch.randn(4, 1)) for _ in range(3)]
    copied = copy.deepcopy(model)
    optimizer = torch.optim.SGD([*model.parameters(), *copied.parameters()], lr=0.01)
    with Guard(copied):
        for x, y in batches:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()


if __name__ == "__main__":
    main()
