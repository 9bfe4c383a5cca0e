"""Models of a package that is not here: put to sleep, without a rate, or made by a function."""

import torch
from torch.nn import functional as F

from molecules import Fingerprint, Graph, load

asleep = Fingerprint(39, dropout=0.2).eval()
plain = Graph(39, dropout=0.0)
loaded = load("big", dropout=0.2)
optimizer = torch.optim.Adam([*asleep.parameters(), *plain.parameters(), *loaded.parameters()])


@torch.no_grad()
def test(loader):
    return [F.mse_loss(asleep(x) + plain(x) + loaded(x), y) for x, y in loader]


for _ in range(200):
    print(test(val_loader))
