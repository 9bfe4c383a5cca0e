"""Fine-tuning: the encoder is fixed in evaluation mode at first, and its last block learns later."""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.line, self.drop = nn.LayerNorm(width), nn.Linear(width, width), nn.Dropout(0.1)

    def forward(self, x):
        return x + self.drop(self.line(self.norm(x)).relu())


class Classifier(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder.requires_grad_(False)
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(8, 2))

    def train(self, mode=True):
        super().train(mode)
        for block in self.encoder:
            if not next(block.parameters()).requires_grad:
                block.eval()
        return self

    def forward(self, x):
        return self.head(self.encoder(x))


def main():
    encoder = nn.Sequential(*(Block(8) for _ in range(3))).eval()
    model = Classifier(encoder)
    optimizer = torch.optim.AdamW(model.head.parameters(), lr=1e-3)
    for epoch in range(4):
        if epoch == 2:
            model.encoder[-1].requires_grad_(True)
            optimizer.add_param_group({"params": model.encoder[-1].parameters(), "lr": 1e-4})
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
