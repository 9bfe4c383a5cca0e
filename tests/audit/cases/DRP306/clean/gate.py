"""One number, but not at the end."""

from torch import nn

scorer = nn.Sequential(nn.Linear(8, 1), nn.Dropout(0.1), nn.Linear(1, 4))
whole = nn.Sequential(nn.Sequential(nn.Linear(8, 1), nn.Dropout(0.1)), nn.Linear(1, 4))
