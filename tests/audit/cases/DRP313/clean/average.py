"""An average is linear."""

from torch import nn

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Dropout(0.1), nn.AvgPool2d(2))
last = nn.Sequential(nn.Dropout(0.1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
