"""A picture is no volume: its first axis is the batch."""

from torch.nn import BatchNorm2d, Conv2d, Dropout3d, ReLU, Sequential


def block(width, p):
    return Sequential(
        Conv2d(3, width, 3),
        BatchNorm2d(width),
        ReLU(),
        Dropout3d(p),  # <- DRP309
        Conv2d(width, 1, 3),
    )
