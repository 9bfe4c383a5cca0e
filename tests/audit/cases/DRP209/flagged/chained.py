"""The builder's last word is eval(), and an automatic mixed precision scaler steps."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.drop = nn.Dropout(0.4)

    def forward(self, x):
        return self.drop(self.a(x))


def main(loader):
    net = Net().cuda().eval()  # <- DRP209
    opt = torch.optim.Adam(net.parameters())
    scaler = torch.amp.GradScaler()
    for x in loader:
        with torch.autocast("cuda"):
            loss = net(x).square().mean()
        opt.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(opt)
        scaler.update()
