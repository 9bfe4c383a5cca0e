"""The entries are attributes already, or a teacher is hidden on purpose."""

from torch import nn


class Shared(nn.Module):
    def __init__(self, teacher):
        super().__init__()
        self.first = nn.Dropout(0.1)
        self.second = nn.Dropout(0.2)
        self.both = [self.first, self.second]
        self.teacher = [teacher]

    def forward(self, x):
        for drop in self.both:
            x = drop(x)
        return x
