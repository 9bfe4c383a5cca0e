"""Where a model drops something: layers, numbers inside other layers, and functional calls."""

from ._calls import DropoutCall as DropoutCall
from ._calls import DropoutCalls as DropoutCalls
from ._find import find_sites as find_sites
from ._flow import VIEWS as VIEWS
from ._forwards import Forwards as Forwards
from ._frames import calling_module as calling_module
from ._modules import WHOLE as WHOLE
from ._modules import is_dropout as is_dropout
from ._modules import is_leaf as is_leaf
from ._modules import layer_sites as layer_sites
from ._names import named_modules as named_modules
from ._numbers import number_sites as number_sites
from ._observe import arguments as arguments
from ._remarks import remarks as remarks
from ._site import Kind as Kind
from ._site import Site as Site
from ._tensors import tensors as tensors
from ._unregistered import unregistered_modules as unregistered_modules
from ._untouched import random_fingerprint as random_fingerprint
from ._untouched import untouched as untouched
