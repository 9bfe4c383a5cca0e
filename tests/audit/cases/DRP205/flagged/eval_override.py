"""`eval` is overridden, and sets the flag only; `train` of another one returns nothing."""

from torch import nn


class Model(nn.Module):
    def eval(self):  # <- DRP205
        self.training = False
        return self


class Other(nn.Module):
    def train(self, mode=True):  # <- DRP205
        super().train(mode)
        self.stem.eval()
