"""By position, in a method of a base class, where the object has another name."""

import torch
import torch.nn as layers


class Base(layers.Module):
    def thin(this, x):
        return torch.dropout(x, this.rate, this.train)  # <- DRP105


class Net(Base):
    def forward(self, x):
        return self.last(self.thin(x))
