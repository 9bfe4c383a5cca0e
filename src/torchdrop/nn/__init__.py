"""Dropout as layers: settings, state, and a one-line forward."""

from ._dropout import Dropout as Dropout
