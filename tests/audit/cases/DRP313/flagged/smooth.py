"""Before an activation that is no straight line."""

from torch import nn

net = nn.Sequential(
    nn.Linear(8, 8),
    nn.Dropout(0.1),  # <- DRP313
    nn.GELU(),
    nn.Linear(8, 2),
)
