"""A sigmoid may be an activation."""

from torch import nn

net = nn.Sequential(
    nn.Linear(8, 8),
    nn.Sigmoid(),
    nn.Dropout(0.1),
    nn.Linear(8, 2),
    nn.Softmax(dim=-1),
)
