"""Samples by torchdrop.sampling, statistics re-estimated by update_bn, and a benchmark's warm-up."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, update_bn

import torchdrop


def main():
    model = nn.Sequential(
        nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1)
    )
    average = AveragedModel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    batches = [(torch.randn(8, 8), torch.randn(8, 1)) for _ in range(4)]
    for _ in range(3):
        model.train()
        for x, y in batches:
            loss = nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        average.update_parameters(model)
        x = batches[0][0]
        with torchdrop.sampling(model), torch.no_grad():
            torch.stack([model(x) for _ in range(10)]).std(0)
    update_bn(batches, average)
    average.eval()
    with torch.inference_mode():
        for _ in range(5):
            average(x)


if __name__ == "__main__":
    main()
