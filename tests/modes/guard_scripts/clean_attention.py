"""Functional dropout that follows the mode, with the p of layers that are never called."""

import torch
from torch import nn

from torchdrop.modes import Guard


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inputs, self.drop = nn.Linear(8, 24), nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.inputs(x).unsqueeze(1).chunk(3, -1)
        p = self.drop.p if self.training else 0.0
        y = nn.functional.scaled_dot_product_attention(q, k, v, dropout_p=p)
        return y.squeeze(1)


def main() -> None:
    model = Attention()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    batches = [(torch.randn(2, 4, 8), torch.randn(2, 4, 8)) for _ in range(3)]
    with Guard(model):
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
