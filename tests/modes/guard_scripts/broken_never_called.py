"""A second dropout is built and never used: forward applies the first one twice."""

import torch
from torch import nn

from torchdrop.modes import Guard


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.mlp = nn.Linear(8, 8), nn.Linear(8, 8)
        self.drop_path1, self.drop_path2 = nn.Dropout(0.2), nn.Dropout(0.2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.drop_path1(self.attention(x))
        y: torch.Tensor = x + self.drop_path1(self.mlp(x))
        return y


def main() -> None:
    model = Block()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    batches = [(torch.randn(4, 8), torch.randn(4, 8)) for _ in range(3)]
    with Guard(model, phase=2):
        for x, y in batches:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()


if __name__ == "__main__":
    main()
