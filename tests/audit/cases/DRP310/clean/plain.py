"""Plain dropout goes with everything else."""

from torch import nn

net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 1))
conv = nn.Sequential(nn.Conv2d(3, 8, 3), nn.GELU(), nn.Dropout2d(0.1))
