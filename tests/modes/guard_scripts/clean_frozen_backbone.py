"""A fixed backbone stays in evaluation mode; it is unfrozen for the last epoch."""

import torch
from torch import nn

from torchdrop.modes import Guard


def main() -> None:
    backbone = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1)).requires_grad_(False)
    model = nn.Sequential()
    model.add_module("backbone", backbone)
    model.add_module("head", nn.Sequential(nn.Dropout(0.5), nn.Linear(16, 1)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    batches = [(torch.randn(4, 8), torch.randn(4, 1)) for _ in range(3)]
    with Guard(model):
        for epoch in range(3):
            model.train()
            if epoch < 2:
                backbone.eval()
            else:
                backbone.requires_grad_(True)
            for x, y in batches:
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(x), y)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            model.eval()
            with torch.no_grad():
                for x, _ in batches:
                    model(x)


if __name__ == "__main__":
    main()
