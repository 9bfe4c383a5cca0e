"""Only its annotation says what it is."""

import torch.nn as layers


def freeze(backbone: layers.Module) -> layers.Module:
    for parameter in backbone.parameters():
        parameter.requires_grad = False
    backbone.eval  # <- DRP202
    return backbone
