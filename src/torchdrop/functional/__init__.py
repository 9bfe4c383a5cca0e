"""Dropout as functions of a tensor: stateless, with `training` and `generator` as arguments."""

from ._activation_dropout import activation_dropout as activation_dropout
from ._activation_dropout import activation_dropout_ as activation_dropout_
from ._activations import Activation as Activation
from ._activations import check_activation as check_activation
from ._dropout import Scale as Scale
from ._dropout import check_probability as check_probability
from ._dropout import dropout as dropout
from ._dropout import dropout_ as dropout_
