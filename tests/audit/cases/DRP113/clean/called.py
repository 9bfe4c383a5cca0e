"""Functions that a loop calls: the state is set back, the seed moves, or every round is a run."""

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 1))
optimizer = torch.optim.Adam(net.parameters())


def learn(loader, model, steps):
    model.train()
    for x, y in loader:
        steps.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        steps.step()


def forked(loader):
    net.eval()
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        return sum(nn.functional.mse_loss(net(x + torch.randn_like(x)), y) for x, y in loader)


def restored(loader):
    before = torch.get_rng_state()
    noise = noise_of(loader)
    torch.set_rng_state(before)
    return noise


def noise_of(loader):
    torch.manual_seed(1)
    return torch.randn(len(loader))


def seeded(loader, seed):
    torch.manual_seed(seed)
    return torch.randn(len(loader))


def first_only(loader, epoch):
    if epoch == 0:
        torch.manual_seed(2)
    return torch.randn(len(loader))


def run(loader):
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.1), nn.Linear(8, 1))
    own = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(5):
        learn(loader, model, own)
    return model


for epoch in range(10):
    learn(train_loader, net, optimizer)
    print(forked(val_loader), restored(val_loader), seeded(val_loader, epoch))
    print(first_only(val_loader, epoch))

models = [run(train_loader) for _ in range(3)]
for fold in folds:
    models.append(run(fold))
