"""`eval()` is overridden, `train()` is not."""

import torch


class Net(torch.nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.dropout_rate = rate

    def eval(self):
        self.dropout_rate = 0.0  # <- DRP206
        return super().eval()

    def forward(self, x):
        return torch.nn.functional.dropout(x, self.dropout_rate, self.training)
