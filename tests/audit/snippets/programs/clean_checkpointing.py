"""Transformer blocks under both kinds of torch's checkpoint, with functional attention dropout."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


class Block(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.p = p
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.grow = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Dropout(p))

    def forward(self, x):
        q, k, v = self.qkv(self.first(x)).chunk(3, -1)
        p = self.p if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, dropout_p=p)
        x = x + F.dropout(self.mix(mixed), self.p, self.training)
        return x + self.grow(self.second(x))


class Model(nn.Module):
    def __init__(self, width=8, p=0.2):
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, p) for _ in range(3))
        self.tail = nn.Sequential(Block(width, p), Block(width, p))
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        for number, block in enumerate(self.blocks):
            x = checkpoint(block, x, use_reentrant=number == 1)
        x = checkpoint_sequential(self.tail, 2, x, use_reentrant=False)
        return self.out(x)


def main():
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(2):
        model.train()
        for _ in range(5):
            loss = model(torch.randn(2, 5, 8, requires_grad=True)).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            model(torch.randn(2, 5, 8))


if __name__ == "__main__":
    main()
