"""Both are drawn in training mode, each with a mask of its own."""

import torch
from torch import nn

actor = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.2), nn.Linear(8, 2), nn.LogSoftmax(-1))
optimizer = torch.optim.Adam(actor.parameters())
actor.train()
for states, advantages in batches:
    with torch.no_grad():
        old_logprobs = actor(states)
    for _ in range(4):
        logprobs = actor(states)
        ratios = torch.exp(logprobs - old_logprobs)  # <- DRP215
        loss = -torch.min(ratios, ratios.clamp(0.8, 1.2)).mul(advantages).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
