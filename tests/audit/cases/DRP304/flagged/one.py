"""One layer, said; both directions are still one layer."""

import torch

DEPTH = 1

tagger = torch.nn.LSTM(8, 16, num_layers=1, bidirectional=True, dropout=0.5)  # <- DRP304
reader = torch.nn.LSTM(8, 16, DEPTH, dropout=0.5)  # <- DRP304
