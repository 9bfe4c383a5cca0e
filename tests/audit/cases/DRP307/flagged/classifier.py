"""Probabilities, of which some become 0."""

from torch import nn

classifier = nn.Sequential(
    nn.Linear(32, 5),
    nn.Softmax(dim=-1),
    nn.Dropout(0.5),  # <- DRP307
)
