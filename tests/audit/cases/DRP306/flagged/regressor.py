"""One number comes out, and is dropped."""

from torch import nn

head = nn.Sequential(
    nn.Linear(32, 32),
    nn.ReLU(),
    nn.Linear(32, 1),
    nn.Dropout(0.2),  # <- DRP306
)
