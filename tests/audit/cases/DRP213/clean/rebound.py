"""The name is given something else before."""

import torch


def run(model, other, optimizer, x, y):
    current = model
    current = other
    model.train()
    current.eval()
    loss = (model(x) - current(x).detach()).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


class Pair:
    def __init__(self, student, teacher):
        self.student = student
        self.teacher = teacher
        self.optimizer = torch.optim.Adam(self.student.parameters())

    def step(self, x):
        self.student.train()
        self.teacher.eval()
        loss = (self.student(x) - self.teacher(x).detach()).abs().mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
