# layer: run
"""The teacher is the student: its eval() puts both to sleep."""

import torch
from torch import nn


def main():
    student = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 4))
    teacher = student
    optimizer = torch.optim.Adam(student.parameters(), lr=1e-3)
    for _ in range(3):
        x = torch.randn(16, 8)
        student.train()
        teacher.eval()
        with torch.no_grad():
            target = teacher(x).softmax(-1)
        loss = nn.functional.cross_entropy(student(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
