"""A function put it to sleep."""

import torch


def info_nce(a, b):
    return torch.nn.functional.cross_entropy(a @ b.T, torch.arange(len(a)))


def rest(model):
    model.eval()


def simcse_loss(bert, sentences):
    rest(bert)
    h = bert.encode(sentences)
    h_plus = bert.encode(sentences)  # <- DRP214
    return info_nce(h, h_plus)
