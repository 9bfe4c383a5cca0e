"""After the first epoch nobody wakes the model up again."""

import torch
from torch import nn


def learn(model, batch, criterion, optimizer):
    optimizer.zero_grad()
    loss = criterion(model(batch[0]), batch[1])
    loss.backward()
    optimizer.step()


def score(model, batches):
    with torch.no_grad():
        return sum((model(x).argmax(1) == y).float().mean() for x, y in batches)


def run(train_batches, held_out):
    model = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Dropout(0.5), nn.Linear(20, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for epoch in range(10):
        for batch in train_batches:
            learn(model, batch, criterion, optimizer)
        model.eval()  # <- DRP203
        print(epoch, score(model, held_out))
