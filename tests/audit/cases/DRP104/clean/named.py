"""Names that begin like a mode but hold a rate."""

import torch.nn.functional as F


def forward(x, training_dropout, rates, weight, training):
    x = F.dropout(x, training_dropout, training) @ weight
    return F.dropout(x, rates.training_rate, training)
