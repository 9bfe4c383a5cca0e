"""Optimizers for thinned networks: they move the weights that a step used, and no others."""

from ._thin_adamw import ThinAdamW as ThinAdamW
from ._thin_optimizer import ThinOptimizer as ThinOptimizer
from ._thin_sgd import ThinSGD as ThinSGD
