"""A schedule that does reach the layers, one in a number that forward reads, and one of ours."""

import torch
from torch import nn
from torch.nn import functional as F

from torchdrop.surgery import set_p_


class Net(nn.Module):
    def __init__(self, drop_rate=0.4):
        super().__init__()
        self.drop_rate = drop_rate
        self.first, self.second = nn.Linear(8, 16), nn.Linear(16, 1)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        x = F.dropout(self.first(x).relu(), self.drop_rate, self.training)
        return self.second(self.drop(x))


class Handed(Net):
    def forward(self, x):
        return self.second(self.drop(self.first(x).relu()))


def main():
    for model in (Net(), Handed()):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for epoch in range(5):
            model.drop_rate = 0.4 * (1 - epoch / 5)
            if isinstance(model, Handed):
                set_p_(model, model.drop_rate)
            for _ in range(3):
                loss = model(torch.randn(4, 8)).pow(2).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()


if __name__ == "__main__":
    main()
