"""eval() is hidden in a function, and the training step in another."""

import torch
import torch.nn.functional as F


def evaluate(network, batches):
    network.eval()
    with torch.inference_mode():
        return sum(F.mse_loss(network(x), y).item() for x, y in batches)


def step(network, opt, x, y):
    opt.zero_grad(set_to_none=True)
    F.mse_loss(network(x), y).backward()
    opt.step()


def fit(net, train_batches, valid_batches):
    opt = torch.optim.Adam(net.parameters())
    net.train()
    best = float("inf")
    for _ in range(10):
        for x, y in train_batches:
            step(net, opt, x, y)
        best = min(best, evaluate(net, valid_batches))  # <- DRP203
    return best
