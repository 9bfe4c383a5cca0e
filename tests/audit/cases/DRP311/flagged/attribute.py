"""The rate is kept in settings."""

from torch.nn import Dropout, Linear, Module, ReLU, Sequential


class Head(Module):
    def __init__(self, settings):
        super().__init__()
        layers = [Linear(8, 8), ReLU()]
        if settings.dropout > 0.0:
            layers.append(Dropout(settings.dropout))  # <- DRP311
        layers.extend([Linear(8, 8), ReLU()])
        self.layers = Sequential(*layers)

    def forward(self, x):
        return self.layers(x)
