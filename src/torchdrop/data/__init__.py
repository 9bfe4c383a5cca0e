"""A file, a table or arrays -> training, validation and test tensors, and what they mean."""

from ._array_encoder import ArrayEncoder as ArrayEncoder
from ._columns import CategoryColumn as CategoryColumn
from ._columns import NumberColumn as NumberColumn
from ._dataset import Dataset as Dataset
from ._dataset import Part as Part
from ._encoder import Encoder as Encoder
from ._encoder import encoder_from_dict as encoder_from_dict
from ._features import read_features as read_features
from ._from_arrays import from_arrays as from_arrays
from ._load import load as load
from ._read_labeled import read_labeled as read_labeled
from ._scaling import TargetScaling as TargetScaling
from ._table_encoder import TableEncoder as TableEncoder
from ._targets import Task as Task
