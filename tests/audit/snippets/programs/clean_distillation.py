"""A student inside a task that also holds its frozen teacher, which forward puts to sleep."""

import torch
from torch import nn

from torchdrop.modes import frozen


class Distillation(nn.Module):
    def __init__(self):
        super().__init__()
        self.teacher = nn.Sequential(nn.Linear(8, 32), nn.Dropout(0.5), nn.Linear(32, 3))
        self.teacher.requires_grad_(False)
        self.critic = frozen(nn.Sequential(nn.Linear(8, 3), nn.Dropout(0.5)))
        self.student = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))

    def forward(self, x):
        self.teacher.eval()
        with torch.no_grad():
            wanted = (self.teacher(x) + self.critic(x)).softmax(-1)
        return nn.functional.cross_entropy(self.student(x), wanted)


def main():
    task = Distillation()
    optimizer = torch.optim.SGD(task.student.parameters(), lr=0.1)
    for _ in range(2):
        task.train()
        for _ in range(4):
            loss = task(torch.randn(4, 8))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        task.eval()
        with torch.no_grad():
            task(torch.randn(4, 8))


if __name__ == "__main__":
    main()
