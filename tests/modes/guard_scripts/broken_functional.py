"""F.dropout without training=: it drops in evaluation as well."""

import torch
from torch import nn

from torchdrop.modes import Guard


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.out = nn.Linear(8, 16), nn.Linear(16, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.out(nn.functional.dropout(self.layer(x).relu(), 0.5))
        return out


def main() -> None:
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    batches = [(torch.randn(4, 8), torch.randn(4, 1)) for _ in range(3)]
    with Guard(model):
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
