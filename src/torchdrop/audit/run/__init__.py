"""What a running program shows: mistakes that only training, evaluation or sampling reveals."""

from ._journal import WatchWarning as WatchWarning
from ._watch import watch as watch
