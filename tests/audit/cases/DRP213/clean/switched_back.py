"""One model, whose mode is set between."""

import torch.nn.functional as F


def distill(student, optimizer, x):
    teacher = student
    teacher.eval()
    target = teacher(x).detach()
    student.train()
    loss = F.mse_loss(student(x), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
