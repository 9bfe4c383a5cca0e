"""No dropout is asked for, or the layer is somebody else's."""

from elsewhere import LSTM
from torch import nn

plain = nn.LSTM(8, 16)
zero = nn.GRU(8, 16, num_layers=1, dropout=0.0)
other = LSTM(8, 16, dropout=0.3)
cell = nn.LSTMCell(8, 16)
