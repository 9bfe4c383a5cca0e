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


class Perturbation:
    """The optimizer has the noise only, and a method steps it."""

    def __init__(self, model, shape):
        self.model = model
        self.noise = torch.zeros(shape, requires_grad=True)

    def update(self):
        self.solver.step()
        self.solver.zero_grad()

    def run(self, x, y):
        model = self.model
        model.eval()
        with torch.no_grad():
            print(model(x).argmax(1) == y)
        self.solver = torch.optim.Adam([self.noise], lr=0.1)
        for _ in range(10):
            loss = -torch.nn.functional.cross_entropy(model(x + self.noise), y)
            loss.backward()
            self.update()
        self.solver = None
