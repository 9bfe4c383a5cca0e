"""Text about it."""

import torch

TEXT = """
model.eval
"""


def score(model, x):
    """Call model.eval first."""
    # model.eval
    model.eval()
    with torch.no_grad():
        return model(x)
