"""The rate is bound before, the mode never."""

import functools

import torch.nn.functional as functional

thin = functools.partial(functional.alpha_dropout, p=0.05)


def step(hidden):
    return thin(functional.selu(hidden))  # <- DRP102
