"""`eval` of others: an evaluator with arguments, and a table's."""

import torch
from ogb.graphproppred import Evaluator
from torch import nn

evaluator = Evaluator(name="ogbg-molhiv")
model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))


def test(loader, table):
    model.eval()
    scores = []
    for x in loader:
        with torch.no_grad():
            scores.append(model(x))
    table.eval("a + b")
    return evaluator.eval({"y_pred": torch.cat(scores)})
