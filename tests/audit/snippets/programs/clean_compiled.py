"""A compiled model, trained and validated through torch.compile."""

import torch
from torch import nn


def main():
    torch.compiler.reset()
    net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 2))
    model = torch.compile(net, backend="eager", fullgraph=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        model.train()
        for _ in range(4):
            loss = nn.functional.cross_entropy(model(torch.randn(4, 8)), torch.randint(2, (4,)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            model(torch.randn(4, 8))


if __name__ == "__main__":
    main()
