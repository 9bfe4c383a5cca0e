"""The function uses the script's model, and no decorator but the loop says what it is for."""

import torch
import torch.nn.functional as F
from torch.nn import Linear, Module


class GCN(Module):
    def __init__(self):
        super().__init__()
        self.a = Linear(3, 3)
        self.b = Linear(3, 2)

    def forward(self, x):
        x = F.dropout(self.a(x), p=0.5, training=self.training)
        return self.b(x)


gcn = GCN()
optimizer = torch.optim.Adam(gcn.parameters(), lr=0.01)


def train(loader):
    gcn.train()
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(gcn(x), y).backward()
        optimizer.step()


@torch.no_grad()
def test(loader):
    hits = 0
    for x, y in loader:
        hits += int((gcn(x).argmax(-1) == y).sum())  # <- DRP201
    return hits


for epoch in range(20):
    train(train_loader)
    print(test(test_loader))
