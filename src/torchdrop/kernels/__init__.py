"""Masks from a seed: the specification of the stream, the kernels, and the operations on them."""

from ._activation import can_fuse as can_fuse
from ._activation import masked_activation as masked_activation
from ._choice import Kernel as Kernel
from ._choice import kernel as kernel
from ._choice import using as using
from ._members import masked_scale_members as masked_scale_members
from ._native import instruction_sets as instruction_sets
from ._ops import draw_mask as draw_mask
from ._ops import masked_scale as masked_scale
from ._ops import masked_scale_ as masked_scale_
from ._ops import masked_scale_out as masked_scale_out
from ._seeds import Seed as Seed
from ._seeds import given_seeds as given_seeds
from ._seeds import is_plain as is_plain
from ._seeds import seed_for as seed_for
from ._stream import SEED_BITS as SEED_BITS
from ._stream import STREAM_VERSION as STREAM_VERSION
from ._stream import draw_seed as draw_seed
from ._stream import keep_mask as keep_mask
from ._stream import keep_probability as keep_probability
from ._stream import keep_threshold as keep_threshold
from ._uniform import normal as normal
from ._uniform import uniform as uniform
