"""An attribute of a class that is no module."""

import torch.nn.functional as F
from torch.utils.data import Dataset


class Images(Dataset):
    def __init__(self, train=True):
        self.train = train

    def __getitem__(self, i):
        image = self.images[i]
        if self.train:
            image = self.flip(image)
        return F.dropout(image, 0.1, training=self.train)
