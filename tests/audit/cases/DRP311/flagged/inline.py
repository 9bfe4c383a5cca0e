"""Without a variable."""

import torch.nn as mods


def tower(width, rate):
    return mods.Sequential(
        mods.Conv2d(3, width, 3),
        *([mods.Dropout2d(p=rate)] if rate is not None else []),  # <- DRP311
        mods.Conv2d(width, width, 3),
    )
