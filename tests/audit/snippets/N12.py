"""One layer in three places draws three masks."""

from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.a, self.b, self.c = (nn.Linear(width, width) for _ in range(3))
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        x = x + self.drop(self.a(x))
        x = x + self.drop(self.b(x))
        return self.c(self.drop(x))
