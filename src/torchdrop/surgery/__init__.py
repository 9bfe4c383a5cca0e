"""Change the layers of a model, and say what was changed: the only place that does."""

from ._changes import Change as Change
from ._changes import Changes as Changes
from ._convert import convert as convert
from ._convert import convert_ as convert_
