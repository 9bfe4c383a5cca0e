from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import ActivationDropout, Dropout2d
from torchdrop.surgery import ConstantRate, schedule, set_p, set_p_

from .test_remove import DropSome, Listed, SelfAttention


def _net() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Linear(4, 4), nn.Dropout(0.1), ActivationDropout("relu", 0.2), Dropout2d(0.3)),
        *(nn.MultiheadAttention(4, 2, dropout=0.4), nn.GRU(4, 4, 2, dropout=0.5), DropSome(0.6)),
        *(SelfAttention(), Listed()),
    )


def _rates(model: Any) -> list[float]:
    return [
        *(model[1].p, model[2].p, model[3].p, model[4].dropout, model[5].dropout),
        *(model[6].drop_prob, model[7].attention_dropout, model[8].drops[0].p),
    ]


def test_one_number_reaches_every_dropout() -> None:
    model = _net()
    changes = set_p_(model, 0.25)

    assert _rates(model) == [0.25] * 8
    assert len(changes) == 8
    assert not set_p_(model, 0.25)


def test_patterns_choose_and_the_first_one_counts() -> None:
    model = set_p(_net(), {"1": 0.9, "[1-3]": 0.8, "8.*": 0.7})

    assert _rates(model) == [0.9, 0.8, 0.8, 0.4, 0.5, 0.6, 0.3, 0.7]


def test_the_number_is_the_one_that_is_dropped_by() -> None:
    x = torch.ones(10_000)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dropped = (set_p(nn.Dropout(0.1), 0.8)(x) == 0).float().mean()

    assert abs(float(dropped) - 0.8) < 5 * (0.8 * 0.2 / 10_000) ** 0.5


def test_a_pattern_that_means_no_dropout_is_refused_and_nothing_is_changed() -> None:
    model = _net()
    with pytest.raises(SettingError, match="'0' means none of the model's dropout"):
        set_p_(model, {"*": 0.9, "0": 0.1})
    with pytest.raises(SettingError, match="p is the probability of dropping"):
        set_p_(model, {"1": 0.9, "2": 1.1})
    assert _rates(model) == _rates(_net())


def test_a_model_without_dropout_is_refused() -> None:
    with pytest.raises(ModelError, match="no dropout that keeps its p"):
        set_p_(nn.Sequential(nn.Linear(2, 2)), 0.3)


def test_a_schedule_must_be_released_first() -> None:
    model = nn.Sequential(Dropout2d(0.3))
    scheduler = schedule(model, ConstantRate())
    with pytest.raises(ModelError, match="0 follows a schedule"):
        set_p_(model, 0.1)
    scheduler.release_()

    assert len(set_p_(model, 0.1)) == 1


class _Configured(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.config.hidden_dropout, self.training)


def test_a_number_that_modules_share_is_set_for_all_or_left() -> None:
    config = SimpleNamespace(hidden_dropout=0.1)
    model = nn.Sequential(_Configured(config), _Configured(config))
    changes = set_p_(model, {"0": 0.5})

    assert not changes
    assert [change.why for change in changes.left] == ["it shares this number with others"]
    assert config.hidden_dropout == 0.1
    assert set_p_(model, 0.5)
    assert config.hidden_dropout == 0.5
