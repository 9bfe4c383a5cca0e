"""In a function, by keyword, through an alias."""

from torch.export import export as to_program
from torch.nn import Dropout1d, Module


class Encoder(Module):
    def __init__(self):
        super().__init__()
        self.drop = Dropout1d(0.1)

    def forward(self, x):
        return self.drop(x)


def publish(example):
    encoder = Encoder().to("cpu")
    return to_program(mod=encoder, args=(example,))  # <- DRP207
