# layer: run
"""Monte Carlo samples by switching Dropout layers, in a model whose dropout is in its LSTM."""

import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self, p=0.5, p_in=0.0):
        super().__init__()
        self.drop_in = nn.Dropout(p_in)
        self.rnn = nn.LSTM(6, 12, num_layers=2, dropout=p, batch_first=True)
        self.out = nn.Linear(12, 2)

    def forward(self, x):
        states, _ = self.rnn(self.drop_in(x))
        return self.out(states[:, -1])


def uncertainty(model, x, samples=20):
    model.eval()
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.train()
    with torch.no_grad():
        drawn = torch.stack([model(x) for _ in range(samples)])
    return drawn.std(0)


def main():
    print("spread", float(uncertainty(Tagger(), torch.randn(3, 5, 6)).max()))


if __name__ == "__main__":
    main()
