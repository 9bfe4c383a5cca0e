"""Monte Carlo dropout: many samples of every prediction, and what they say about it."""

from ._moments import entropy as entropy
from ._predict import LEAST as LEAST
from ._predict import predict as predict
from ._prediction import Point as Point
from ._prediction import Prediction as Prediction
from ._prediction import Task as Task
