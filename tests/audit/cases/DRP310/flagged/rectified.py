"""Behind a rectifier it shifts the mean."""

from torch import nn

net = nn.Sequential(
    nn.Linear(8, 8),
    nn.ReLU(),
    nn.AlphaDropout(0.3),  # <- DRP310
    nn.Linear(8, 1),
)
