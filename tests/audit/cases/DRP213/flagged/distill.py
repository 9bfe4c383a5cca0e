"""The teacher is the student."""

import torch.nn.functional as F


def distill(student, optimizer, loader):
    teacher = student
    for x in loader:
        student.train()
        teacher.eval()  # <- DRP213
        target = teacher(x).detach()
        loss = F.mse_loss(student(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
