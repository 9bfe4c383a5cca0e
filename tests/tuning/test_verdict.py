import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from torchdrop.tuning import Member, Verdict
from torchdrop.tuning._verdict import decide

from .conftest import MakeMember

Judge = Callable[..., Verdict]

BASE = (1.00, 1.04, 0.98, 1.02, 0.96)
NOISE = (0.004, -0.002, 0.001, -0.003, 0.0)


@pytest.fixture
def judge(make_member: MakeMember) -> Judge:
    """Judge a grid given as each rate's mean difference to p = 0."""

    def judge(differences: dict[float, float], base: Sequence[float] = BASE) -> Verdict:
        members: list[Member] = []
        for k, (p, difference) in enumerate({0.0: 0.0, **differences}.items()):
            for seed, loss in enumerate(base):
                noise = NOISE[(seed + k) % 5] if p else 0.0
                members.append(make_member(p, seed, [loss + difference + noise]))
        return decide(members)

    return judge


def test_one_rate_far_ahead_is_best(judge: Judge) -> None:
    verdict = judge({0.1: -0.02, 0.3: -0.10, 0.5: 0.05})

    assert (verdict.answer, verdict.p, verdict.tied) == ("best", 0.3, (0.3,))
    assert verdict.sentence == "p = 0.3 is best."
    assert "0.1000 lower than without dropout" in verdict.reason
    assert "Next is p = 0.1, 0.0800 higher" in verdict.reason
    assert "clear of it with this many seeds" in verdict.reason


def test_a_best_rate_that_seeds_could_have_made_says_so(judge: Judge) -> None:
    verdict = judge({0.1: -0.1, 0.3: -0.097})

    assert verdict.answer == "best"
    assert "not clear of it" in verdict.reason


def test_neighbors_within_one_standard_error_tie_and_the_lowest_is_taken(judge: Judge) -> None:
    verdict = judge({0.1: -0.01, 0.2: -0.1000, 0.3: -0.1002, 0.4: -0.1001, 0.5: 0.0})

    assert (verdict.answer, verdict.p) == ("tie", 0.2)
    assert verdict.tied == (0.2, 0.3, 0.4)
    assert verdict.sentence.startswith("p = 0.2 to 0.4 are a tie")


def test_a_tie_with_a_hole_names_each_rate(judge: Judge) -> None:
    verdict = judge({0.1: -0.1, 0.2: 0.0, 0.3: -0.1})

    assert verdict.sentence.startswith("p = 0.1 and 0.3 are a tie")


def test_a_difference_within_noise_is_no_help(judge: Judge) -> None:
    verdict = judge({0.1: -0.001, 0.3: 0.001})

    assert (verdict.answer, verdict.p) == ("no help", 0.0)
    assert verdict.sentence == "Dropout does not help here."
    assert 0.0 in verdict.tied


def test_dropout_that_hurts_is_no_help(judge: Judge) -> None:
    verdict = judge({0.1: 0.1, 0.3: 0.2})

    assert (verdict.answer, verdict.p, verdict.tied) == ("no help", 0.0, (0.0,))


def test_pairs_decide_although_seeds_differ_far_more(judge: Judge) -> None:
    base = (1.0, 2.0, 3.0, 4.0, 5.0)

    assert judge({0.3: -0.1}, base).answer == "best"


def test_a_lucky_winner_among_many_equals_is_rarely_believed(make_member: MakeMember) -> None:
    """No rate differs from p = 0: at 95 %, at most 5 % of grids may be called a gain."""
    generator, trials, believed = np.random.default_rng(0), 400, 0
    for _ in range(trials):
        losses = generator.normal(size=(6, 5))
        members = [
            make_member(p / 10, seed, [losses[p, seed]]) for p in range(6) for seed in range(5)
        ]
        believed += decide(members).answer in ("best", "tie")

    assert believed / trials < 0.05 + 5 * math.sqrt(0.05 * 0.95 / trials)


def test_one_seed_is_undecided(judge: Judge) -> None:
    verdict = judge({0.2: -0.1, 0.4: 0.1}, base=(1.0,))

    assert (verdict.answer, verdict.p) == ("undecided", 0.2)
    assert "one seed" in verdict.sentence


def test_a_rate_with_a_diverged_seed_is_out(make_member: MakeMember) -> None:
    members = [make_member(0.0, seed, [loss]) for seed, loss in enumerate(BASE)]
    members += [make_member(0.1, seed, [loss - 0.1]) for seed, loss in enumerate(BASE)]
    members += [make_member(0.2, seed, [loss - 0.5]) for seed, loss in enumerate(BASE[:4])]
    members += [make_member(0.2, 4, [0.1, math.nan])]

    assert decide(members).p == 0.1


def test_diverged_runs_without_dropout_leave_it_undecided(make_member: MakeMember) -> None:
    members = [make_member(0.0, 0, [math.nan]), make_member(0.0, 1, [1.0])]
    members += [make_member(0.3, seed, [1.0]) for seed in range(2)]

    assert decide(members).answer == "undecided"


def test_dropout_that_always_diverges_is_no_help(make_member: MakeMember) -> None:
    members = [make_member(0.0, seed, [1.0]) for seed in range(2)]
    members += [make_member(0.3, seed, [math.inf]) for seed in range(2)]
    verdict = decide(members)

    assert (verdict.answer, verdict.p) == ("no help", 0.0)


def test_a_grid_that_diverged_everywhere_has_a_verdict_all_the_same(
    make_member: MakeMember,
) -> None:
    members = [make_member(p, seed, [math.nan]) for p in (0.0, 0.3) for seed in range(2)]

    assert decide(members).answer == "undecided"
