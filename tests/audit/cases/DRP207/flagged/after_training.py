"""After training; the trace keeps the mode."""

from torch import jit, nn, optim, randn

model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
opt = optim.Adam(model.parameters())
model.train()
for x, y in batches:
    opt.zero_grad()
    (model(x) - y).square().mean().backward()
    opt.step()
traced = jit.trace(model, randn(2, 4))  # <- DRP207
traced.save("model.ts")
