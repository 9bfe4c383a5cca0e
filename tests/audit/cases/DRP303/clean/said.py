"""Said to be unused, deleted, a stub, or remembered by a framework."""

import lightning as L
from torch import nn


class Old(nn.Module):
    def __init__(self, width, dropout=None):  # deprecated: has no effect
        super().__init__()
        self.last = nn.Linear(width, width)


class Documented(nn.Module):
    """A layer.

    Args:
        width: Of the layer.
        dropout: Not used; there for compatibility.
    """

    def __init__(self, width, dropout=0.0):
        super().__init__()
        self.last = nn.Linear(width, width)


class Deleted(nn.Module):
    def __init__(self, width, dropout):
        super().__init__()
        del dropout
        self.last = nn.Linear(width, width)


class Stub(nn.Module):
    def __init__(self, width, dropout):
        raise NotImplementedError


class Saved(L.LightningModule):
    def __init__(self, width, dropout=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.drop = nn.Dropout(self.hparams.dropout)
