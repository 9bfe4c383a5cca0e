"""Through a local name, a base class and an alias."""

import torch.nn as layers
from torch.nn import Dropout as Thin


class Base(layers.Module):
    def build(self, dropout_keep_prob):
        rate = dropout_keep_prob
        return Thin(rate)  # <- DRP108


class Net(Base):
    def __init__(self, p_keep):
        super().__init__()
        self.thin = self.build(p_keep)
        self.cells = layers.GRU(8, 8, num_layers=2, dropout=p_keep)  # <- DRP108
