"""The constructor gives both attributes the same model."""

import torch


class Distiller:
    def __init__(self, network):
        self.student = network
        self.teacher = network
        self.optimizer = torch.optim.Adam(self.student.parameters())

    def step(self, x):
        self.student.train()
        self.teacher.eval()  # <- DRP213
        with torch.no_grad():
            target = self.teacher(x)
        loss = (self.student(x) - target).abs().mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
