"""Names with `drop` in them that are no rates, and classes that are no modules."""

from torch import nn


class Loader:
    def __init__(self, data, drop_last=False, dropout=0.1):
        self.data = data


class Model(nn.Module):
    def __init__(self, width, drop_last=False, dropdown=None, _dropout=0.1):
        super().__init__()
        self.last = nn.Linear(width, width)


class Captured(nn.Module):
    @remember_arguments
    def __init__(self, width, dropout=0.1):
        super().__init__()
        self.last = nn.Linear(width, width)
