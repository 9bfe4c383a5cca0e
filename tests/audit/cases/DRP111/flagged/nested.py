"""The same with functions, nested and through a name, and by a method of the tensor."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.sigmoid = nn.Sigmoid()
        self.drop = nn.Dropout(0.2, True)

    def forward(self, x):
        x = F.dropout(torch.relu(self.first(x)), 0.1, self.training, True)  # <- DRP111
        x = torch.tanh(self.first(x))
        x = self.drop(x)  # <- DRP111
        x = self.drop(self.sigmoid(self.first(x)))  # <- DRP111
        return self.drop(self.first(x).softmax(-1))  # <- DRP111
