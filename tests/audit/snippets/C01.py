# layer: run
"""Validation in training mode, under no_grad only."""

import torch
from torch import nn


def main() -> None:
    scorer = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.4), nn.Linear(32, 1))
    scorer.train()
    held_out = torch.randn(64, 8)
    with torch.no_grad():
        first = scorer(held_out)
        second = scorer(held_out)
    print("largest difference", float((first - second).abs().max()))


if __name__ == "__main__":
    main()
