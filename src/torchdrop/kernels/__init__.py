"""Masks from a seed: the specification of the stream, the kernels, and the operation on them."""

from ._choice import Kernel as Kernel
from ._choice import kernel as kernel
from ._choice import using as using
from ._native import instruction_sets as instruction_sets
from ._ops import masked_scale as masked_scale
from ._ops import masked_scale_out as masked_scale_out
from ._rectifier import can_fuse as can_fuse
from ._rectifier import masked_rectifier as masked_rectifier
from ._stream import STREAM_VERSION as STREAM_VERSION
from ._stream import draw_seed as draw_seed
from ._stream import keep_mask as keep_mask
from ._stream import keep_probability as keep_probability
