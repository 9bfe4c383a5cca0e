"""What is optimized is the input, not the model."""

import torch


def attack(model, x, y, eps):
    model.eval()
    x = x.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    return x + eps * x.grad.sign()


def dream(model, image, steps):
    model.eval()
    optimizer = torch.optim.Adam([image], lr=0.01)
    for _ in range(steps):
        loss = -model(image).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return image
