"""The model is awake, or nobody knows."""

import torch.nn.functional as F


def simcse(encoder, x):
    encoder.train()
    z1, z2 = encoder(x), encoder(x)
    return F.cosine_similarity(z1, z2)


def given(model, x):
    a, b = model(x), model(x)
    return F.mse_loss(a, b)
