"""Called, or passed on as a function."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
model.eval()
switch = model.eval
switch()
for one in (model.train, model.eval):
    one()
