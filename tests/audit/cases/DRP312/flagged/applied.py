"""By a function that `apply` takes."""

import torch.nn as layers


def off(module):
    if type(module) is layers.Dropout:
        module.p = 0.0  # <- DRP312


def quiet(model):
    model.apply(off)
    return model
