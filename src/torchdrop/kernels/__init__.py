"""Masks from a seed: the specification of the stream, and the operation built on it."""

from ._ops import masked_scale as masked_scale
from ._stream import STREAM_VERSION as STREAM_VERSION
from ._stream import draw_seed as draw_seed
from ._stream import keep_mask as keep_mask
from ._stream import keep_probability as keep_probability
