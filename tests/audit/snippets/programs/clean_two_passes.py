"""R-Drop and SimCSE: two forwards of one input in training mode differ by their masks."""

import torch
from torch import nn
from torch.nn import functional as F


def main():
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Dropout(0.2), nn.Linear(16, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    for _ in range(6):
        x, y = torch.randn(8, 8), torch.randint(4, (8,))
        first, second = model(x), model(x)
        gap = F.kl_div(first.log_softmax(-1), second.log_softmax(-1), log_target=True)
        scores = F.cosine_similarity(first[:, None], second[None], dim=-1)
        loss = F.cross_entropy(first, y) + gap + F.cross_entropy(scores, torch.arange(8))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
