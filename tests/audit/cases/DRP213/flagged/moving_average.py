"""A moving average that was never copied."""

import torch


def train(net, loader):
    average = net.cuda()
    ema = net
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    ema.train(False)  # <- DRP213
    for x, y in loader:
        loss = (net(x) - y).pow(2).mean() + (net(x) - ema(x).detach()).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
