"""One assignment, two names; the reference of a policy."""

import torch
from torch import nn

policy = reference = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1))
optimizer = torch.optim.AdamW(policy.parameters())
policy.train()
reference.eval()  # <- DRP213
for states, rewards in batches:
    with torch.no_grad():
        baseline = reference(states)
    loss = -((policy(states) - baseline) * rewards).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
