"""Segmentation with batch normalization, channel dropout, autocast and accumulated gradients."""

import torch
from torch import nn


def double(inside, outside, p):
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=1),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
        nn.Dropout2d(p),
    )


class UNet(nn.Module):
    def __init__(self, p=0.2):
        super().__init__()
        self.down, self.middle = double(3, 8, p), double(8, 8, p)
        self.up = double(16, 8, p)
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        high = self.down(x)
        low = self.middle(nn.functional.max_pool2d(high, 2))
        low = nn.functional.interpolate(low, scale_factor=2)
        return self.out(self.up(torch.cat([high, low], 1)))


def main():
    model = UNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(2):
        model.train()
        for number in range(6):
            x, y = torch.randn(2, 3, 16, 16), torch.randint(2, (2, 16, 16))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = nn.functional.cross_entropy(model(x), y) / 3
            loss.backward()
            if number % 3 == 2:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
        model.eval()
        with torch.inference_mode():
            image = torch.randn(1, 3, 16, 16)
            both = (model(image) + model(image.flip(-1)).flip(-1)) / 2
            both.argmax(1)


if __name__ == "__main__":
    main()
