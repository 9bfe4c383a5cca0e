"""A closure that runs the model several times in one step."""

import torch
from torch import nn

from torchdrop.modes import Guard


def main() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 1))
    x, y = torch.randn(16, 8), torch.randn(16, 1)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    with Guard(model):
        for _ in range(3):
            optimizer.step(closure)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
