"""Functions of the same name from elsewhere, and a rate of nothing."""

import torch.nn.functional as F
from torchdrop.functional import alpha_dropout

from .layers import feature_alpha_dropout


def thin(x, training):
    x = alpha_dropout(x, 0.1, training=training)
    return F.alpha_dropout(feature_alpha_dropout(x, 0.2), 0.0)
