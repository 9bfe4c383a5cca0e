"""Found by name, or by walking over the children."""

from torch import nn


class ByName(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop1 = nn.Dropout(0.1)
        self.drop2 = nn.Dropout(0.2)

    def forward(self, x):
        for i in (1, 2):
            x = getattr(self, f"drop{i}")(x)
        return x


class Walking(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        for child in self.children():
            x = child(x)
        return x
