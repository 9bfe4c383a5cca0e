"""Kept, passed on, or used in a nested function."""

from torch import nn


class Kept(nn.Module):
    def __init__(self, dropout=0.1):
        super().__init__()
        self.dropout = dropout


class Passed(Kept):
    def __init__(self, width, dropout=0.1):
        super().__init__(dropout=dropout)
        self.width = width


class Nested(nn.Module):
    def __init__(self, depth, drop_rate):
        super().__init__()

        def layer():
            return nn.Dropout(drop_rate)

        self.layers = nn.ModuleList(layer() for _ in range(depth))


class All(nn.Module):
    def __init__(self, width, dropout=0.1):
        super().__init__()
        settings = dict(locals())
        self.width = settings["width"]
