"""A prenet that drops in evaluation too, by intent."""

import torch
from torch import nn

from torchdrop.modes import Guard


class Prenet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.drop = nn.Linear(8, 16), nn.Linear(16, 16), nn.Dropout(0.5)

    def train(self, mode: bool = True) -> "Prenet":
        return super().train(True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.drop(self.first(x).relu())
        return nn.functional.dropout(self.second(x).relu(), 0.5, training=True)


def main() -> None:
    model = nn.Sequential()
    model.add_module("prenet", Prenet())
    model.add_module("decoder", nn.Sequential(nn.Dropout(0.1), nn.Linear(16, 1)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    batches = [(torch.randn(4, 8), torch.randn(4, 1)) for _ in range(3)]
    with Guard(model, allow=("prenet", "prenet.*")):
        for _ in range(2):
            model.train()
            for x, y in batches:
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(x), y)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            model.eval()
            with torch.inference_mode():
                for x, _ in batches:
                    model(x)


if __name__ == "__main__":
    main()
