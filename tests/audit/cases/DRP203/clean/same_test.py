"""Both calls depend on one condition; or the loop is left after evaluation."""

import torch


def train(model, loader, val_loader, args):
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr)
    model.train()
    for step, (x, y) in enumerate(loader):
        loss = (model(x) - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if args.evaluate:
            model.eval()
        with torch.no_grad():
            print(sum(model(a).sum() for a, _ in val_loader))
        if args.evaluate:
            model.train()
        if step > 100:
            model.eval()
            break
    return model(x)
