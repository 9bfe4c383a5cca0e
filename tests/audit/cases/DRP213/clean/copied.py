"""The teacher is a copy."""

import copy

import torch.nn.functional as F


def distill(student, optimizer, loader):
    teacher = copy.deepcopy(student)
    teacher.eval()
    student.train()
    for x in loader:
        target = teacher(x).detach()
        loss = F.mse_loss(student(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
