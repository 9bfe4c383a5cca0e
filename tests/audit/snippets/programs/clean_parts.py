"""The loop calls parts of the model; two optimizers take turns; the parts are tested asleep."""

import torch
from torch import nn


class Coder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.2))
        self.decoder = nn.Sequential(nn.Linear(16, 16), nn.Dropout(0.1), nn.Linear(16, 8))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def main():
    coder, head = Coder(), nn.Linear(16, 2)
    first = torch.optim.SGD(coder.parameters(), lr=0.05)
    second = torch.optim.SGD([*coder.encoder.parameters(), *head.parameters()], lr=0.05)
    for number in range(24):
        coder.train()
        x = torch.randn(4, 8)
        if number % 2:
            code = coder.encoder(x)
            loss = nn.functional.mse_loss(coder.decoder(code), x)
            optimizer = first
        else:
            loss = nn.functional.cross_entropy(head(coder.encoder(x)), torch.randint(2, (4,)))
            optimizer = second
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        coder.eval()
        with torch.no_grad():
            coder(x)
            head(coder.encoder(x))


if __name__ == "__main__":
    main()
