"""Methods of a trainer, and an early return that forgets train()."""

import torch
from torch import nn


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = torch.optim.AdamW(self.model.parameters())

    def check(self, loader):
        self.model.eval()
        loss = sum(self.loss(batch).item() for batch in loader)
        if loss > 100:
            return None
        self.model.train()
        return loss

    def loss(self, batch):
        return nn.functional.cross_entropy(self.model(batch[0]), batch[1])

    def run(self, loader, held_out):
        for epoch in range(3):
            for batch in loader:
                loss = self.loss(batch)
                loss.backward()
                self.optimizer.step()
                self.optimizer.zero_grad()
            self.check(held_out)  # <- DRP203
