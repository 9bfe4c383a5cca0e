"""Where a model drops something: layers, numbers inside other layers, and functional calls."""

from ._calls import DropoutCall as DropoutCall
from ._calls import DropoutCalls as DropoutCalls
from ._find import find_sites as find_sites
from ._modules import is_dropout as is_dropout
from ._names import named_modules as named_modules
from ._remarks import remarks as remarks
from ._site import Kind as Kind
from ._site import Site as Site
