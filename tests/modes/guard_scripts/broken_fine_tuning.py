"""A pretrained encoder comes in evaluation mode, as from_pretrained gives it, and stays so."""

import torch
from torch import nn

from torchdrop.modes import Guard


def main() -> None:
    encoder = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1)).eval()
    model = nn.Sequential()
    model.add_module("encoder", encoder)
    model.add_module("head", nn.Linear(16, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    batches = [(torch.randn(4, 8), torch.randn(4, 1)) for _ in range(3)]
    with Guard(model):
        for x, y in batches:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()


if __name__ == "__main__":
    main()
