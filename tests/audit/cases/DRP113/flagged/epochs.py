"""Before every epoch, by somebody else's function; the optimizer lives on."""

import torch
from transformers import set_seed as fix


class Trainer:
    def fit(self, epochs):
        self.model.train()
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1)
        for epoch in range(epochs):
            fix(42)  # <- DRP113
            for batch in self.loader:
                self.optimizer.zero_grad()
                self.loss(batch).backward()
                self.optimizer.step()
            print(epoch)
