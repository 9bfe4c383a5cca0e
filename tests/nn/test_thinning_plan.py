"""What a thinned chain remembers of itself is what it is."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import torchdrop
from torchdrop.nn import ThinnedSequential


def _chain(**settings: Any) -> ThinnedSequential:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 2))
    chain = torchdrop.thin(layers, always=True, **settings)
    assert isinstance(chain, ThinnedSequential)
    return chain


def _regroup(chain: ThinnedSequential) -> None:
    chain.groups = 3


def _count(chain: ThinnedSequential) -> None:
    chain.count = "exact"


def _rate(chain: Any) -> None:
    chain[2].p = 0.1


def _widen(chain: Any) -> None:
    torch.manual_seed(1)
    chain[0].weight, chain[0].bias = nn.Parameter(torch.randn(32, 4)), nn.Parameter(torch.ones(32))
    chain[3].weight = nn.Parameter(torch.randn(2, 32))
    chain[0].out_features = chain[3].in_features = 32


def _replace(chain: Any) -> None:
    torch.manual_seed(2)
    chain[0] = nn.Linear(4, 16)


def _parametrize(chain: Any) -> None:
    torch.manual_seed(3)
    parametrizations.weight_norm(chain[0])


def _freeze(chain: Any) -> None:
    chain[2].eval()


CHANGES = [_regroup, _count, _rate, _widen, _replace, _parametrize, _freeze]


@pytest.mark.parametrize("always", [True, False])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_changes_after_a_pass_counts_in_the_next(
    change: Callable[[ThinnedSequential], None], always: bool
) -> None:
    used, fresh = _chain(), _chain()
    used.always = fresh.always = always
    x = torch.randn(9, 4)
    used(x)
    results = []
    for chain in (used, fresh):
        change(chain)
        torch.manual_seed(7)
        results.append(chain(x))

    assert torch.equal(*results)


def test_evaluation_between_passes_does_not_end_what_is_held() -> None:
    chain, x = _chain(hold=4), torch.randn(5, 4)
    results = []
    for _ in range(4):
        results.append(chain.train()(x))
        chain.eval()(x)

    assert all(torch.equal(y, results[0]) for y in results)
    assert not torch.equal(chain.train()(x), results[0])


def test_groups_draw_units_of_their_own_after_a_change() -> None:
    chain = _chain()
    chain(torch.ones(9, 4))
    chain.groups = 3
    torch.manual_seed(0)

    assert len(torch.unique(chain(torch.ones(9, 4)).round(decimals=4), dim=0)) == 3
