"""As many axes as they expect."""

from torch import nn

one = nn.Sequential(nn.Conv1d(3, 8, 3), nn.ReLU(), nn.Dropout1d(0.1))
two = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout2d(0.1))
three = nn.Sequential(nn.Conv3d(3, 8, 3), nn.ReLU(), nn.Dropout3d(0.1))
