"""Functions of the same name that are not torch's."""

from jax.nn import dropout

import numpy.random as F


class Model:
    def forward(self, x):
        return dropout(F.dropout(x), 0.5)


def local(x):
    def dropout(values):
        return values

    return dropout(x)
