"""A mean teacher: a copy by moving average, with dropout on under no_grad; the student is tested."""

import copy

import torch
from torch import nn


def main():
    student = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
    teacher = copy.deepcopy(student).requires_grad_(False)
    optimizer = torch.optim.SGD(student.parameters(), lr=0.05)
    for _ in range(3):
        student.train()
        for _ in range(6):
            x, y, unlabeled = torch.randn(4, 8), torch.randint(3, (4,)), torch.randn(8, 8)
            with torch.no_grad():
                wanted = teacher(unlabeled).softmax(-1)
            same = nn.functional.mse_loss(student(unlabeled).softmax(-1), wanted)
            loss = nn.functional.cross_entropy(student(x), y) + same
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                pairs = zip(teacher.parameters(), student.parameters(), strict=True)
                for old, new in pairs:
                    old.lerp_(new, 0.05)
        student.eval()
        with torch.no_grad():
            for _ in range(3):
                student(torch.randn(4, 8))


if __name__ == "__main__":
    main()
