"""A guard does not help: the function is off in both modes."""

from torch import nn, selu
from torch.nn.functional import feature_alpha_dropout as drop_maps


class Maps(nn.Module):
    def forward(self, images):
        maps = selu(self.convolution(images))
        if self.training:
            maps = drop_maps(maps, p=0.1)  # <- DRP102
        return maps
