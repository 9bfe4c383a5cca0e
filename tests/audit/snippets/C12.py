# layer: run
"""Contrastive learning whose two views differ by dropout alone, which is off."""

import torch
from torch import nn
from torch.nn import functional as F


def info_nce(first, second, temperature=0.05):
    scores = F.cosine_similarity(first[:, None], second[None], dim=-1) / temperature
    return F.cross_entropy(scores, torch.arange(len(first)))


def main():
    encoder = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 8))
    encoder.eval()
    optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3)
    for _ in range(3):
        x = torch.randn(16, 10)
        loss = info_nce(encoder(x), encoder(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
