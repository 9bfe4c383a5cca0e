"""Legal, but so high that it looks like a probability of keeping."""

from torch import nn

head = nn.Sequential(nn.Linear(512, 256), nn.ReLU(), nn.Dropout(0.9), nn.Linear(256, 10))  # <- DRP109
other = nn.Sequential(nn.Linear(8, 8), nn.Dropout(p=1 - 0.1), nn.Linear(8, 1))  # <- DRP109
