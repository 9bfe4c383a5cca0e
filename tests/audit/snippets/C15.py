# layer: run
"""The schedule changes a number that only the constructor reads."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, drop_rate=0.3):
        super().__init__()
        self.drop_rate = drop_rate
        self.body = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(drop_rate))
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        return self.out(self.body(x))


def main():
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for epoch in range(6):
        model.drop_rate = 0.3 * (1 - epoch / 6)
        for _ in range(2):
            loss = model(torch.randn(4, 8)).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    print({part.p for part in model.modules() if isinstance(part, nn.Dropout)})


if __name__ == "__main__":
    main()
