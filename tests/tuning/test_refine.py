import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from torchdrop.errors import SettingError
from torchdrop.tuning import Member
from torchdrop.tuning._refine import next_rates, refine
from torchdrop.tuning._verdict import decide

from .conftest import MakeMember

Grid = Callable[..., list[Member]]

NOISE = (0.004, -0.002, 0.001, -0.003, 0.0)


@pytest.fixture
def grid(make_member: MakeMember) -> Grid:
    """Members whose loss is a number per rate, with little noise that differs from rate to rate."""

    def grid(losses: dict[float, float], seeds: int = 5, noise: float = 1.0) -> list[Member]:
        return [
            make_member(p, seed, [1 + loss + noise * NOISE[(seed + k) % 5]])
            for k, (p, loss) in enumerate(losses.items())
            for seed in range(seeds)
        ]

    return grid


def valley(rates: Sequence[float], lowest: float, depth: float = 4.0) -> dict[float, float]:
    return {p: depth * (p - lowest) ** 2 for p in rates}


def test_rates_half_way_to_both_neighbors_are_added(grid: Grid) -> None:
    following = next_rates(grid(valley((0.0, 0.1, 0.2, 0.3, 0.4), 0.21)))

    assert following.rates == (0.15, 0.25)
    assert following.reason == (
        "Next to p = 0.2, p = 0.1 and 0.3 are worse: p = 0.15 and 0.25 can still decide something."
    )


def test_neighbors_that_cannot_be_told_from_the_best_end_it(grid: Grid) -> None:
    following = next_rates(grid(valley((0.0, 0.1, 0.2, 0.3, 0.4), 0.21), noise=20.0))

    assert following.rates == ()
    assert following.reason == (
        "Refined no further: next to p = 0.2, p = 0.1 and 0.3 cannot be told from it with 5 seeds."
    )


def test_one_worse_neighbor_is_enough_since_the_lowest_point_may_lie_on_the_other_side(
    grid: Grid,
) -> None:
    following = next_rates(grid({0.0: 0.3, 0.2: 0.2, 0.3: 0.0, 0.4: 0.0001}))

    assert following.rates == (0.25, 0.35)
    assert following.reason.startswith("Next to p = 0.3, p = 0.2 is worse:")


def test_a_best_rate_at_the_end_of_the_grid_is_refined_beyond_it(grid: Grid) -> None:
    assert next_rates(grid({0.0: 0.2, 0.4: 0.1, 0.5: 0.0})).rates == (0.45, 0.55)
    tied = next_rates(grid({0.0: 0.2, 0.4: 0.0, 0.5: -0.0001}))
    assert tied.rates == ()
    assert tied.reason.endswith("No higher rate was tried.")


def test_no_rate_below_zero_or_at_one_is_asked_for(grid: Grid) -> None:
    assert next_rates(grid({0.0: 0.0, 0.1: 0.2})).rates == (0.05,)
    assert next_rates(grid({0.0: 0.4, 0.5: 0.2, 0.99: 0.0})).rates == (0.745,)


def test_steps_end_at_the_smallest(grid: Grid) -> None:
    members = grid(valley((0.0, 0.1, 0.2, 0.3), 0.2))
    assert next_rates(members, smallest_step=0.05).rates == (0.15, 0.25)
    following = next_rates(members, smallest_step=0.06)
    assert following.rates == ()
    assert following.reason.endswith("steps below 0.06 are not tried.")
    with pytest.raises(SettingError, match="smallest_step is a distance"):
        next_rates(members, smallest_step=0.0)


def test_a_neighbor_that_diverged_counts_as_worse(grid: Grid, make_member: MakeMember) -> None:
    members = grid({0.0: 0.0001, 0.1: 0.0})
    members += [make_member(0.2, seed, [math.nan if seed == 3 else 0.5]) for seed in range(5)]

    assert next_rates(members).rates == (0.05, 0.15)


def test_what_cannot_be_judged_is_not_refined(grid: Grid, make_member: MakeMember) -> None:
    assert "one seed" in next_rates(grid(valley((0.0, 0.1, 0.2), 0.1), seeds=1)).reason
    diverged = [make_member(p, seed, [p or math.inf]) for p in (0.0, 0.3) for seed in range(3)]
    assert next_rates(diverged).rates == ()
    assert "p = 0 diverged" in next_rates(diverged).reason


def test_refining_closes_in_on_the_lowest_loss_and_stops(make_member: MakeMember) -> None:
    rounds: list[tuple[float, ...]] = []

    def train(rates: Sequence[float]) -> list[Member]:
        return [
            make_member(
                p, seed, [1 + 4 * (p - 0.27) ** 2 + 0.0002 * NOISE[(seed + round(1e4 * p)) % 5]]
            )
            for p in rates
            for seed in range(5)
        ]

    def record(rates: tuple[float, ...]) -> list[Member]:
        rounds.append(rates)
        return train(rates)

    members = refine(train((0.0, 0.1, 0.2, 0.3, 0.4, 0.5)), record)

    assert rounds == [(0.25, 0.35), (0.225, 0.275), (0.2625, 0.2875)]
    assert [(m.p, m.seed) for m in members] == sorted((m.p, m.seed) for m in members)
    assert decide(members).p in (0.2625, 0.275)
    assert "0.0125 are not tried" in next_rates(members).reason


def test_a_round_that_was_interrupted_is_asked_for_again(grid: Grid) -> None:
    """The decision follows from the members alone, so a resumed sweep takes the same way."""
    members = grid(valley((0.0, 0.1, 0.2, 0.3), 0.2))

    assert next_rates(members) == next_rates(list(reversed(members)))


def test_the_interval_of_each_rate_widens_as_rates_are_added(grid: Grid) -> None:
    coarse = {0.0: 0.0, 0.1: -0.002, 0.3: -0.008}
    fine = {**coarse, 0.25: 0.5, 0.275: 0.5, 0.325: 0.5, 0.35: 0.5, 0.4: 0.5, 0.45: 0.5, 0.5: 0.5}

    assert decide(grid(coarse)).answer != "no help"
    assert decide(grid(fine)).answer == "no help"


def test_refining_claims_no_more_gains_than_it_may_where_no_rate_helps(
    make_member: MakeMember,
) -> None:
    """Rates up to 0.3 do nothing, higher ones harm: many grids are refined, few may be believed.

    A loss is drawn once for a seed on a line of rates, so that near rates are alike, as trained
    ones would be.
    """
    generator, trials, refined, believed = np.random.default_rng(0), 300, 0, 0
    line = np.linspace(0, 1, 21)
    for _ in range(trials):
        curves = generator.normal(size=(5, 21))

        def train(rates: Sequence[float], curves: np.ndarray = curves) -> list[Member]:
            return [
                make_member(p, s, [float(np.interp(p, line, curves[s])) + 40 * max(0.0, p - 0.3)])
                for p in rates
                for s in range(5)
            ]

        first = train((0.0, 0.1, 0.2, 0.3, 0.4, 0.5))
        members = refine(first, train)
        refined += len(members) > len(first)
        believed += decide(members).answer in ("best", "tie")

    assert refined > trials / 10
    assert believed / trials < 0.05 + 5 * math.sqrt(0.05 * 0.95 / trials)
