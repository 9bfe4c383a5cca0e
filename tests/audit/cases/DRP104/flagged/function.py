"""A plain function is told the mode, and passes it to the wrong place."""

import torch.nn.functional as F


def forward(x, weights, training: bool):
    for weight in weights:
        x = F.dropout(F.relu(x @ weight), training)  # <- DRP104
    return x
