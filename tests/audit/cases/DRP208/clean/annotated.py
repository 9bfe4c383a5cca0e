"""Said to be so; and a model without batch norm and dropout."""

import torch
from torch import nn

gen = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
gen.train()  # dropout is the noise: intended
with torch.no_grad():
    images = [gen(edges) for _ in range(5)]

plain = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
plain.train()
with torch.no_grad():
    results = torch.stack([plain(edges) for _ in range(5)]).std(0)
