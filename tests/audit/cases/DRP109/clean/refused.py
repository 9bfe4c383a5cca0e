"""Tests that want the refusal, or want everything dropped."""

import pytest
import torch
from torch import nn


def test_rates_are_checked():
    with pytest.raises(ValueError):
        nn.Dropout(1.5)


def test_everything_goes():
    dropout = nn.Dropout(1.0)
    assert not dropout(torch.ones(4)).any()
