"""Some model: what else it has is not seen, so this is advice."""

import torch


def disable_dropout(model):
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0  # <- DRP312
