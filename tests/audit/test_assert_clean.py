"""The audit of a model as an assertion."""

import pytest
import torch
from torch import nn

from torchdrop.audit import AuditSettings, assert_clean
from torchdrop.errors import AuditError

CLEAN = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Dropout(0.3), nn.Linear(4, 1))
ALL_DROPPED = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Dropout(1.0), nn.Linear(4, 1))


class Noisy(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(x, 0.5)


def test_a_clean_model_passes() -> None:
    assert_clean(CLEAN)
    assert_clean(CLEAN, torch.ones(4, 8))


def test_a_mistake_fails_as_an_assertion_that_names_it() -> None:
    with pytest.raises(AssertionError, match=r"(?s)The audit finds:\n.*2.* error DRP109 "):
        assert_clean(ALL_DROPPED)


def test_what_only_a_run_shows_needs_an_example() -> None:
    assert_clean(Noisy())
    with pytest.raises(AuditError, match="DRP101"):
        assert_clean(Noisy(), torch.ones(64, 8))


def test_settings_choose_the_rules() -> None:
    assert_clean(ALL_DROPPED, settings=AuditSettings(ignore=("DRP109",)))
