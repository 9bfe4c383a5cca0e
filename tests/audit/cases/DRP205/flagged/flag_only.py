"""The flag is set, and one child; the others never hear of it."""

from torch import nn


class Net(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.drop = nn.Dropout(0.5)

    def train(self, mode=True):  # <- DRP205
        self.training = mode
        self.backbone.bn1.eval()
        return self
