"""ReLU keeps its result for backward, and dropout overwrites it: backward raises."""

import torch.nn as layers
from torch.nn import ReLU, Sequential

net = Sequential(
    layers.Linear(8, 8),
    ReLU(),
    layers.Dropout(0.5, inplace=True),  # <- DRP111
    layers.Linear(8, 1),
)
