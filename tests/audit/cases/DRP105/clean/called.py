"""The method is called, or handed on as a method."""

from torch import nn


class Model(nn.Module):
    def pretrain(self, loader):
        self.train()
        switch = self.train
        self.hooks.append(self.train)
        for batch in loader:
            self.step(batch)
        switch(False)
