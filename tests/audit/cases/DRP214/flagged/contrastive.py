"""Two views that are equal."""

import torch
import torch.nn.functional as F


def step(encoder, optimizer, x):
    encoder.eval()
    z1, z2 = encoder(x), encoder(x)  # <- DRP214
    loss = F.cross_entropy(z1 @ z2.T, torch.arange(len(x)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
