"""A trainer of one's own; the model is an attribute."""

import torch
from torch import nn


class Runner:
    def __init__(self):
        self.encoder = nn.Sequential(nn.Linear(4, 4), nn.Dropout(p=0.1), nn.Linear(4, 2))
        self.optimizer = torch.optim.AdamW(self.encoder.parameters())

    def fit(self, batches, held_out):
        self.encoder.train()
        for x, y in batches:
            loss = nn.functional.cross_entropy(self.encoder(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        return self.evaluate(held_out)

    @torch.no_grad()
    def evaluate(self, batches):
        losses = []
        for x, y in batches:
            losses.append(nn.functional.cross_entropy(self.encoder(x), y))  # <- DRP201
        return torch.stack(losses).mean()
