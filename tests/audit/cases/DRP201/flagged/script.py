"""A script without functions: the mode was set to training and stays so."""

import torch as th
from torch.nn import BatchNorm1d, Linear, ReLU, Sequential

classifier = Sequential(Linear(4, 8), BatchNorm1d(8), ReLU(), Linear(8, 3))
opt = th.optim.Adam(classifier.parameters())
loss_of = th.nn.CrossEntropyLoss()
for epoch in range(3):
    classifier.train()
    for features, labels in train_batches:
        loss = loss_of(classifier(features), labels)
        opt.zero_grad()
        loss.backward()
        opt.step()
    with th.inference_mode():
        right = 0
        for features, labels in valid_batches:
            right += (classifier(features).argmax(1) == labels).sum().item()  # <- DRP201
    print(right)
