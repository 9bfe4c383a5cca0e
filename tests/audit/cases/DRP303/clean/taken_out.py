"""A use that was taken out, and left as a comment."""

from torch import nn


class Block(nn.Module):
    def __init__(self, width, drop_path=0.0):
        super().__init__()
        # Only for training.
        # self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()
        self.drop_path = nn.Identity()
        self.body = nn.Linear(width, width)

    def forward(self, x):
        return x + self.drop_path(self.body(x))
