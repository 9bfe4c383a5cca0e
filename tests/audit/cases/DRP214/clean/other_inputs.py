"""Two inputs, two models, or a change between."""

import torch.nn.functional as F


def siamese_loss(net, left, right, key_net):
    net.eval()
    key_net.eval()
    a, b = net(left), net(right)
    k = key_net(left)
    return F.mse_loss(a, b) + F.mse_loss(a, k)


def change_loss(net, x, noise):
    net.eval()
    before = net(x)
    x = x + noise
    after = net(x)
    return F.mse_loss(before, after)


def patched_loss(net, x, hook):
    net.eval()
    before = net(x)
    handle = net.layer.register_forward_hook(hook)
    after = net(x)
    return F.mse_loss(before, after)
