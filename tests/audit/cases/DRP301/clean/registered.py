"""Lists that torch looks into, or whose entries are registered one by one."""

from torch import nn


class Proper(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.drops = nn.ModuleList([nn.Dropout(0.2) for _ in range(depth)])
        self.named = nn.ModuleDict({"a": nn.Dropout(0.1)})

    def forward(self, x):
        for drop in self.drops:
            x = self.named["a"](drop(x))
        return x


class ByHand(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.drops = [nn.Dropout(0.2) for _ in range(depth)]
        for i, drop in enumerate(self.drops):
            self.add_module(f"drop{i}", drop)


class BySetting(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.drops = []
        for i in range(depth):
            self.drops.append(nn.Dropout(0.2))
            setattr(self, f"drop{i}", self.drops[-1])
