"""A script, whose network has dropout for this only."""

import torch
from torch import nn

net = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.1))
solver = torch.optim.Adam(net.parameters())
net.eval()
for batch in batches:
    a = net(batch)
    b = net(batch)  # <- DRP214
    loss = nn.functional.cosine_embedding_loss(a, b, torch.ones(len(batch)))
    solver.zero_grad()
    loss.backward()
    solver.step()
