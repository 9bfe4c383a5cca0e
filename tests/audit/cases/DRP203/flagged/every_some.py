"""Now and then it is evaluated within an epoch; an alias hides who is switched."""

import torch


def train(model, loader, test_loader, device):
    net = model.to(device)
    net.train()
    opt = torch.optim.SGD(net.parameters(), lr=0.01)
    for i, (x, y) in enumerate(loader):
        out = model(x)
        loss = torch.nn.functional.nll_loss(out, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if i % 100 == 0:
            net.train(False)  # <- DRP203
            with torch.no_grad():
                for a, b in test_loader:
                    print((model(a).argmax(1) == b).float().mean())
