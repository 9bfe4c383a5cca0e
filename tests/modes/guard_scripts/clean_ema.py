"""An averaged copy made under the guard runs under no_grad; update_bn re-estimates statistics."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, update_bn

from torchdrop.modes import Guard


def main() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    batches = [(torch.randn(4, 8), torch.randn(4, 1)) for _ in range(3)]
    with Guard(model):
        teacher = AveragedModel(model)
        for x, y in batches:
            with torch.no_grad():
                teacher(x)
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            teacher.update_parameters(model)
        update_bn(batches, model)


if __name__ == "__main__":
    main()
