"""The parentheses are missing."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
model.load_state_dict(torch.load("weights.pt", weights_only=True))
model.eval  # <- DRP202
with torch.no_grad():
    print(model(torch.ones(1, 4)))
