"""Dropout as layers: settings, state, and a one-line forward."""

from ._activation_dropout import ActivationDropout as ActivationDropout
from ._dropout import Dropout as Dropout
