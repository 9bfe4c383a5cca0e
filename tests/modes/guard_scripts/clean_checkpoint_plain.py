"""Checkpoints with use_reentrant=False, of blocks and of the whole model."""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from torchdrop.modes import Guard


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.drop, self.out = nn.Linear(8, 16), nn.Dropout(0.5), nn.Linear(16, 1)

    def hidden(self, x: Tensor) -> Tensor:
        y: Tensor = self.drop(self.first(x).relu())
        return y

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.out(checkpoint(self.hidden, x, use_reentrant=False))
        return y


def main() -> None:
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with Guard(model):
        for _ in range(4):
            x, y = torch.randn(4, 8, requires_grad=True), torch.randn(4, 1)
            optimizer.zero_grad()
            loss: Tensor = nn.functional.mse_loss(model(x), y)
            loss = loss + checkpoint(model, x, use_reentrant=False).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()


if __name__ == "__main__":
    main()
