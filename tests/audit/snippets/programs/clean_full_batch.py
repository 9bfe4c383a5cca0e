"""A graph network on one batch: the same tensor in training and in the test of each epoch."""

import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(8, 16), nn.Linear(16, 3)

    def forward(self, x, edges):
        x = F.dropout(x, p=0.5, training=self.training)
        x = (edges @ self.first(x)).relu()
        x = F.dropout(x, p=0.5, training=self.training)
        return edges @ self.second(x)


def train(model, optimizer, x, edges, y, mask):
    model.train()
    optimizer.zero_grad()
    F.cross_entropy(model(x, edges)[mask], y[mask]).backward()
    optimizer.step()


@torch.no_grad()
def test(model, x, edges, y, masks):
    model.eval()
    right = model(x, edges).argmax(1) == y
    return [right[mask].float().mean().item() for mask in masks]


def main():
    x, edges, y = torch.randn(20, 8), torch.rand(20, 20).softmax(-1), torch.randint(3, (20,))
    mask = torch.rand(20) < 0.5
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    for _ in range(12):
        train(model, optimizer, x, edges, y, mask)
        test(model, x, edges, y, (mask, ~mask))


if __name__ == "__main__":
    main()
