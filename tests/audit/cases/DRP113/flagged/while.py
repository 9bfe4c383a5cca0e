"""A script with `while`, and the seed of all devices."""

import torch
from torch import cuda, nn

model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
step = 0
while step < 100:
    cuda.manual_seed_all(1234)  # <- DRP113
    loss = model(torch.ones(8, 4)).mean()
    loss.backward()
    optimizer.step()
    step += 1
