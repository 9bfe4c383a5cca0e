"""`train(False)` is eval(), and the optimizer is fed by name."""

from torch import nn
from torch.optim import AdamW

network = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.2), nn.Linear(3, 1))
solver = AdamW([p for _, p in network.named_parameters()], lr=1e-3)
network.train(False)  # <- DRP209
for x, y in batches:
    solver.zero_grad()
    error = (network(x) - y).abs().mean()
    error.backward()
    solver.step()
