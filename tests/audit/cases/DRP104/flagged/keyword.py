"""By keyword, and through a local name."""

from torch import nn
from torch.nn.functional import dropout as thin, dropout2d


class Net(nn.Module):
    def forward(self, images):
        active = self.training
        images = dropout2d(images, p=active)  # <- DRP104
        return thin(images.flatten(1), p=self.training, training=self.training)  # <- DRP104
