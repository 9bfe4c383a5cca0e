"""Training and evaluation mode: the only place that writes `.training`."""

from ._switch import evaluating as evaluating
from ._switch import training as training
