"""Another function calls it, or the module is handed to one."""

from torch import nn


class Holder(nn.Module):
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        return x


def attend(holder, x):
    return holder.dropout(x)


class Handed(nn.Module):
    def __init__(self, attend):
        super().__init__()
        self.attend = attend
        self.noise = nn.Dropout(0.1)

    def forward(self, x):
        return self.attend(self, x)
