"""Names with `keep` in them that say something else."""

from torch import nn


def build(upkeep, keep_dropout, dropout_to_keep, keeper, keep_dim):
    return nn.Sequential(
        nn.Dropout(upkeep),
        nn.Linear(4, 4),
        nn.Dropout(keep_dropout),
        nn.Linear(4, 4),
        nn.Dropout(dropout_to_keep),
        nn.Linear(4, 4),
        nn.Dropout(keeper.p),
        nn.Linear(4, keep_dim),
    )
