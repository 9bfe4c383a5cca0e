"""With weights between: advice, as published blocks do it."""

from collections import OrderedDict

import torch.nn as layers


def block(width, p):
    return layers.Sequential(
        OrderedDict(
            [
                ("drop", layers.Dropout2d(p)),  # <- DRP305
                ("conv", layers.Conv2d(width, width, 3)),
                ("norm", layers.BatchNorm2d(width)),
            ]
        )
    )
