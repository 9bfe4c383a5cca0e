"""Dropout as functions of a tensor: stateless, with `training` and `generator` as arguments."""

from ._dropout import Scale as Scale
from ._dropout import check_probability as check_probability
from ._dropout import dropout as dropout
from ._dropout import dropout_ as dropout_
