"""Units and channels are two kinds of noise, and 0 is none."""

from torch import nn

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Dropout2d(0.1), nn.Dropout(0.1))
off = nn.Sequential(nn.Dropout(0.0), nn.Dropout(0.1), nn.Linear(4, 4))
