import dataclasses
import json
import math
from collections.abc import Sequence

import pytest
import torch
from torch import nn

from torchdrop import networks
from torchdrop import nn as ours
from torchdrop.data import Dataset, from_arrays
from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import ConcreteDropout, concrete_regularizer
from torchdrop.surgery import learn_rates_
from torchdrop.training import Epoch, TrainingSettings
from torchdrop.tuning import DataSummary, Member, PerLayerResult, Trial, TuningResult
from torchdrop.tuning._alone import train_member
from torchdrop.tuning._json import to_json
from torchdrop.tuning._learn import LearningSettings, check_learnable, learn
from torchdrop.tuning._learned import LearnedMember, LearnedResult

from .conftest import MakeMember

RECIPE = networks.MLP((2, 8, 8, 3))
QUICK = TrainingSettings(epochs=3, lr=0.01)
NOISE = (0.004, -0.002, 0.001, -0.003, 0.0)


def grid_of(make_member: MakeMember, seeds: int = 2) -> list[Member]:
    """Made-up members of a grid in which p = 0.3 is best."""
    return [
        make_member(p, seed, [1.0 - p + 0.01 * seed + (p > 0) * NOISE[seed]])
        for p in (0.0, 0.3)
        for seed in range(seeds)
    ]


def outcome(
    losses: Sequence[float],
    *,
    best: Sequence[float] = (1.0, 1.1, 1.2, 1.3, 1.4),
    best_p: float = 0.3,
    last: tuple[float, float] = (0.2, 0.4),
) -> LearnedResult:
    path = ((0.1, 0.1), (0.2, 0.4), last)
    members = tuple(
        LearnedMember(seed, path, 2, 0.5, loss, 1.0, 0.9) for seed, loss in enumerate(losses)
    )
    base = tuple(loss + 0.1 for loss in best[: len(losses)])
    return LearnedResult(("2", "5"), members, best_p, tuple(best[: len(losses)]), base)


@pytest.mark.parametrize("fuse", [False, True])
@pytest.mark.parametrize("activation", ["leaky_relu", "relu", "gelu", "silu", "tanh"])
def test_a_copy_that_learns_evaluates_as_the_network_does(activation: str, fuse: bool) -> None:
    x = torch.randn(5, 2)
    model = networks.mlp(2, 8, 8, 3, p=0.3, activation=activation, fuse=fuse).eval()
    before = model(x)
    learned = learn_rates_(model, start=0.2)

    assert list(learned) == ["2", "5"]
    assert [round(layer.p.item(), 6) for layer in learned.values()] == [0.2, 0.2]
    assert torch.equal(model.eval()(x), before)
    assert not torch.equal(model.train()(x), before)
    concrete_regularizer(model).backward()  # type: ignore[no-untyped-call]
    assert all(layer.p_logit.grad != 0 for layer in learned.values())


@pytest.mark.parametrize("layer", [nn.Dropout2d(), ours.Dropout2d(), ours.Dropout(dims=(0, 1))])
def test_layers_that_drop_channels_learn_to_drop_channels(layer: nn.Module) -> None:
    model = nn.Sequential(nn.Identity(), layer, nn.Conv2d(4, 2, 1))
    learned = learn_rates_(model, start=0.5)["1"]
    output = learned(torch.ones(3, 4, 5, 5))

    assert torch.equal(output, output[:, :, :1, :1].expand_as(output))
    assert output.unique().numel() > 1


def test_a_layer_used_twice_stays_one_layer() -> None:
    shared = nn.Dropout()
    model = nn.Sequential(nn.Linear(2, 2), shared, nn.Linear(2, 2), shared, nn.Linear(2, 2))
    learned = learn_rates_(model)

    assert list(learned) == ["1"]
    assert model[1] is model[3] is learned["1"]


@pytest.mark.parametrize(
    "layer",
    [
        nn.AlphaDropout(),
        ours.DropPath(),
        ours.Dropout(scale="eval"),
        ours.Dropout1d(batched=False),
        ours.GaussianDropout(),
    ],
    ids=repr,
)
def test_what_no_concrete_dropout_can_stand_for_is_refused(layer: nn.Module) -> None:
    with pytest.raises(ModelError, match="The p of 1 cannot be learned"):
        learn_rates_(nn.Sequential(nn.Linear(2, 2), layer, nn.Linear(2, 2)))


def test_a_scaled_parameter_begins_at_the_same_rate_and_moves_faster() -> None:
    moves = []
    for scale in (1.0, 10.0):
        model = nn.Sequential(nn.Identity(), nn.Dropout(), nn.Linear(4, 2))
        layer = learn_rates_(model, start=0.1, scale=scale)["1"]
        start = layer.p_logit.item()
        assert layer.p.item() == pytest.approx(0.1)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
        concrete_regularizer(model).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        moves.append(layer.p_logit.item() - start)

    assert moves[0] == pytest.approx(0.001, rel=1e-3)
    assert moves[1] == pytest.approx(0.01, rel=1e-3)


def test_the_pace_of_sgd_is_that_of_its_steps(small_data: Dataset, make_member: MakeMember) -> None:
    """One batch: a step of plain SGD's first update is the pace times as long."""
    rows = len(small_data.train)
    settings = TrainingSettings(epochs=1, batch_size=rows, optimizer="sgd", lr=1e-3)

    def move(pace: float) -> float:
        learning = LearningSettings(pace=pace)
        members = grid_of(make_member, seeds=1)
        path = learn(RECIPE, small_data, settings, members, learning=learning).members[0].path
        return math.log(path[1][0] / (1 - path[1][0])) - math.log(1 / 9)

    assert move(50.0) == pytest.approx(50 * move(1.0), rel=0.02)


def test_every_seed_of_the_grid_learns_every_rate(
    small_data: Dataset, make_member: MakeMember
) -> None:
    state = torch.get_rng_state()
    seen: list[tuple[int, Epoch]] = []
    done: list[LearnedMember] = []
    result = learn(
        *(RECIPE, small_data, QUICK, grid_of(make_member)),
        on_epoch=lambda seed, epoch: seen.append((seed, epoch)),
        on_member=done.append,
    )

    assert torch.equal(torch.get_rng_state(), state)
    assert (result.layers, result.best_p) == (("2", "5"), 0.3)
    assert [member.seed for member in result.members] == [0, 1]
    assert [(seed, epoch.number) for seed, epoch in seen] == [
        (seed, number) for seed in (0, 1) for number in (1, 2, 3)
    ]
    assert tuple(done) == result.members
    for member in result.members:
        assert [len(rates) for rates in member.path] == [2] * 4
        assert member.path[0] == pytest.approx((0.1, 0.1))
        assert member.path[3] != member.path[0]
        assert 0 < member.test_loss < 3


def test_learning_goes_on_where_it_was_interrupted(
    small_data: Dataset, make_member: MakeMember
) -> None:
    members, trained = grid_of(make_member, seeds=3), list[LearnedMember]()
    whole = learn(RECIPE, small_data, QUICK, members)
    resumed = learn(
        *(RECIPE, small_data, QUICK, members),
        earlier=whole.members[:2],
        on_member=trained.append,
    )

    assert resumed == whole
    assert trained == [whole.members[2]]


def test_members_start_and_see_batches_as_the_grid_does(
    small_data: Dataset, make_member: MakeMember
) -> None:
    """A rate that drops almost nothing and hardly moves trains as p = 0 does."""
    learning = LearningSettings(start=1e-12, pace=1e-6, length_scale=0)
    members = grid_of(make_member, seeds=1)
    epochs: list[Epoch] = []
    learn(
        *(RECIPE, small_data, QUICK, members),
        learning=learning,
        on_epoch=lambda seed, epoch: epochs.append(epoch),
    )
    alone = train_member(RECIPE, small_data, QUICK, 0.0, 0)[0]

    assert [e.validation_loss for e in epochs] == pytest.approx(
        [e.validation_loss for e in alone.history.epochs], rel=1e-5
    )


def test_without_a_penalty_p_falls_and_with_one_it_is_held_up(
    small_data: Dataset, make_member: MakeMember
) -> None:
    settings, learning = TrainingSettings(epochs=15, lr=0.01), LearningSettings(start=0.3)

    def last(weight: float) -> tuple[float, ...]:
        return (
            learn(
                *(RECIPE, small_data, settings, grid_of(make_member, seeds=1)),
                learning=learning,
                regularizer=lambda model: weight * concrete_regularizer(model),
            )
            .members[0]
            .path[-1]
        )

    assert all(free < held for free, held in zip(last(0.0), last(1.0), strict=True))


def test_in_regression_the_penalty_is_scaled_by_the_noise(make_member: MakeMember) -> None:
    """KL weighs 2 * variance / N: with a thousandth of the noise, a thousandth."""
    x = torch.randn(90, 2)
    data, recipe = from_arrays(x, x.sum(1), name="line"), networks.MLP((2, 8, 1))
    members = grid_of(make_member, seeds=1)

    def path(noise: float | None, weight: float = 1.0) -> tuple[tuple[float, ...], ...]:
        return (
            learn(
                *(recipe, data, QUICK, members),
                learning=LearningSettings(noise_variance=noise),
                regularizer=lambda model: weight * concrete_regularizer(model),
            )
            .members[0]
            .path
        )

    assert path(0.002) == path(2.0, weight=0.001)
    assert path(0.002) != path(2.0)
    lowest = min(member.history.best.validation_loss for member in members)
    assert path(None) == path(lowest)


def test_a_network_whose_next_layers_are_not_known_is_refused_before_any_work() -> None:
    class Own(nn.Module):
        def __init__(self, p: float) -> None:
            super().__init__()
            self.first, self.drop, self.last = nn.Linear(2, 4), nn.Dropout(p), nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.drop(self.first(x)))  # type: ignore[no-any-return]

    def regularizer(model: nn.Module) -> torch.Tensor:
        assert isinstance(model, Own)
        layer = model.get_submodule("drop")
        assert isinstance(layer, ConcreteDropout)
        return layer.regularizer(model.last.weight)

    with pytest.raises(ModelError, match="by hand"):
        check_learnable(Own, 0.3)
    assert check_learnable(Own, 0.3, regularizer=regularizer) == ("drop",)


def test_the_learned_rates_are_those_of_the_best_epoch_with_an_interval_over_seeds() -> None:
    result = outcome((1.0, 1.1, 1.2))
    member = dataclasses.replace(result.members[0], best_epoch=1, path=((0.1,) * 2, (0.3, 0.9)))
    rates = dataclasses.replace(result, members=(member, *result.members[1:])).rates

    assert list(rates) == ["2", "5"]
    assert rates["2"].mean == pytest.approx(0.7 / 3)
    assert rates["5"].mean == pytest.approx(1.7 / 3)
    low, high = rates["5"].low, rates["5"].high
    assert low is not None
    assert high is not None
    assert 0 <= low < rates["5"].mean < high <= 1


def test_the_sentence_says_better_worse_or_neither() -> None:
    noise, best = NOISE, (1.0, 1.1, 1.2, 1.3, 1.4)

    def sentence(difference: float) -> str:
        return outcome([b + difference + n for b, n in zip(best, noise, strict=True)]).sentence

    assert sentence(-0.1).startswith("Learned p (0.2, 0.4) is better than the grid's p = 0.3 (-0.1")
    assert "is better than p = 0 (-0.2000" in sentence(-0.1)
    assert "cannot be told from the grid's p = 0.3 (+0.0000" in sentence(0.0)
    assert "is worse than the grid's p = 0.3 (+0.1" in sentence(0.1)
    assert "cannot be told from p = 0 (+0.0000" in sentence(0.1)
    assert sentence(0.1).endswith("over 5 paired seeds.")


def test_two_comparisons_are_widened_to_hold_together() -> None:
    losses = (1.0, 1.15, 1.2, 1.35)
    both, one = outcome(losses), outcome(losses, best_p=0.0)
    assert both.difference_to_best is not None
    assert one.difference_to_best is not None
    assert both.difference_to_best.low is not None
    assert one.difference_to_best.low is not None

    assert both.difference_to_best.low < one.difference_to_best.low


def test_where_the_grid_recommends_none_it_is_compared_once() -> None:
    sentence = outcome((1.0, 1.1), best_p=0.0).sentence

    assert sentence.count("p = 0") == 1
    assert "grid" not in sentence


def test_one_seed_compares_nothing() -> None:
    sentence = outcome((0.5,)).sentence

    assert "cannot be told from p = 0 by one seed" in sentence
    assert sentence.endswith("over 1 paired seed.")


def test_a_rate_that_still_moves_is_said_to() -> None:
    assert outcome((1.0, 1.1)).settled
    moving = outcome((1.0, 1.1), last=(0.2, 0.42))
    assert not moving.settled
    assert moving.sentence.endswith("p was still moving when training ended.")


def test_diverged_runs_are_counted_and_left_out() -> None:
    result = outcome((0.9, math.nan, 1.1))

    assert result.sentence.endswith("over 2 paired seeds. 1 of 3 runs diverged.")
    assert outcome((math.nan, math.inf)).sentence == "Every run with learned p diverged."
    lost = outcome((0.9, 1.0), best=(math.nan, math.nan)).sentence
    assert "cannot be compared with p = 0, as one run of each pair diverged" in lost


def test_a_run_that_diverges_is_recorded(small_data: Dataset, make_member: MakeMember) -> None:
    settings = TrainingSettings(epochs=2, optimizer="sgd", lr=1e30)
    result = learn(RECIPE, small_data, settings, grid_of(make_member))

    assert all(member.diverged for member in result.members)
    assert result.sentence == "Every run with learned p diverged."


def test_the_record_survives_json(small_data: Dataset, make_member: MakeMember) -> None:
    trained = learn(RECIPE, small_data, QUICK, grid_of(make_member, seeds=1))
    for result in (trained, outcome((math.inf, 1.0))):
        content = json.loads(json.dumps(to_json(result.to_dict())))
        assert LearnedResult.from_dict(content) == result


def test_a_sweeps_result_holds_what_lies_beyond_the_grid(make_member: MakeMember) -> None:
    searched = PerLayerResult(("2",), 0.3, (Trial((0.3,), (1.0, 1.1)),), (), (), ())
    data = DataSummary("clouds", "classification", (60, 20, 20), (2,), ("a", "b"))
    plain = TuningResult({"seeds": 2}, data, tuple(grid_of(make_member)))
    whole = dataclasses.replace(plain, per_layer=searched, learned=outcome((1.0, 1.1)))
    epochs = {(m.p, m.seed): m.history.epochs for m in plain.members}

    for result in (plain, whole):
        content = json.loads(json.dumps(to_json(result.to_dict())))
        assert TuningResult.from_dict(content, epochs) == result
    assert not {"per_layer", "learned"} & set(plain.to_dict())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"start": 0.0}, "start is a probability"),
        ({"pace": 0.0}, "pace is a finite number"),
        ({"temperature": math.nan}, "temperature is"),
        ({"noise_variance": -1.0}, "noise_variance is"),
        ({"length_scale": -1.0}, "length_scale is"),
    ],
)
def test_settings_out_of_range_are_refused(setting: dict[str, float], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        LearningSettings(**setting)
