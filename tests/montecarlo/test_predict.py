"""Samples of predictions: which they are, what they leave alone, and what they come to."""

import math
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from torchdrop.errors import DataError, ModelError, SettingError
from torchdrop.montecarlo import LEAST, Prediction, predict
from torchdrop.montecarlo._moments import Moments

from .networks import NETWORKS, Residual, build, late

ROWS = 10


def _seeded(seed: int = 5) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _data(rows: int = ROWS) -> TensorDataset:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(rows, 6, generator=generator)
    return TensorDataset(x, torch.randint(3, (rows,), generator=generator))


def _samples(model: nn.Module, data: object, **settings: object) -> Tensor:
    given = {"keep_samples": True, "generator": _seeded(), "block": 4, **settings}
    kept = predict(model, data, 6, **given).kept  # type: ignore[arg-type]
    assert kept is not None
    return kept


@pytest.mark.parametrize("name", NETWORKS)
def test_the_fast_way_gives_the_samples_of_the_plain_loop(name: str) -> None:
    model = build(name)

    assert torch.equal(_samples(model, _data()), _samples(model, _data(), strategy="loop"))


@pytest.mark.parametrize("name", NETWORKS)
def test_samples_do_not_depend_on_how_rows_were_batched(name: str) -> None:
    model, data = build(name), _data()
    expected = _samples(model, data)
    for size, workers in ((1, 0), (3, 0), (10, 0)):
        loader = DataLoader(data, batch_size=size, shuffle=True, num_workers=workers)
        assert torch.equal(_samples(model, loader), expected)
    assert torch.equal(_samples(model, data.tensors[0], task="classification"), expected)


def test_samples_do_not_depend_on_the_number_of_workers() -> None:
    model, data = build("late"), _data()
    loader = DataLoader(data, batch_size=3, num_workers=2)

    assert torch.equal(_samples(model, loader), _samples(model, data))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_row_does_not_depend_on_what_comes_after_it(name: str) -> None:
    """Ten rows in blocks of four: of six rows, the last block is shorter, which may round."""
    model = build(name)
    whole, part = _samples(model, _data()), _samples(model, TensorDataset(*_data()[:6]))

    assert torch.allclose(whole[:, :6], part, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_samples_differ_from_each_other(name: str) -> None:
    samples = _samples(build(name), _data())

    assert len({tuple(sample.flatten().tolist()) for sample in samples}) == len(samples)


@pytest.mark.parametrize("name", NETWORKS)
def test_everything_is_left_as_it_was(name: str) -> None:
    model = build(name)
    model.train()
    model[0].eval() if isinstance(model, nn.Sequential) else None
    modes = [module.training for module in model.modules()]
    held = {name: value.clone() for name, value in model.state_dict().items()}
    own = [dict(vars(module)) for module in model.modules()]
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    predict(model, _data(), 3, generator=_seeded())

    assert torch.equal(torch.rand(3), expected)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, held[name]) for name, value in model.state_dict().items())
    assert ["forward" in vars(m) for m in model.modules()] == ["forward" in x for x in own]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_an_error_inside_leaves_everything_too() -> None:
    model = build("late").train()
    with pytest.raises(RuntimeError):
        predict(model, torch.randn(3, 7), 3, task="classification")

    assert all(module.training and "forward" not in vars(module) for module in model.modules())


def test_torchs_own_seed_decides_without_a_generator() -> None:
    model, results = build("late"), []
    for _ in range(2):
        torch.manual_seed(7)
        results.append(predict(model, _data(), 3).mean)

    assert torch.equal(*results)
    assert not torch.equal(results[0], predict(model, _data(), 3).mean)


def test_mean_and_variance_are_those_of_all_masks() -> None:
    """Two units: four equally likely masks, of which the moments are known."""
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 1, bias=False)).double()
    x = torch.tensor([[1.0, 3.0]], dtype=torch.float64)
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([[2.0, -1.0]]))  # type: ignore[operator]
    values = torch.tensor([2 * (2.0 * a - 3.0 * b) for a, b in product((0, 1), repeat=2)])
    n = 4000
    result = predict(model, x, n, task="regression", generator=_seeded())

    spread = float(values.std(correction=0))
    assert abs(float(result.mean) - float(values.mean())) < 5 * spread / math.sqrt(n)
    fourth = float(((values - values.mean()) ** 4).mean())
    bound = 5 * math.sqrt((fourth - spread**4) / n)
    assert abs(float(result.variance) - spread**2) < bound
    assert float(result.weight_scaling) == pytest.approx(2.0 - 3.0)


def test_entropies_votes_and_information_are_those_of_the_samples() -> None:
    model = build("first")
    result = predict(model, _data(), 40, generator=_seeded(), keep_samples=True)
    kept = result.kept
    assert kept is not None
    mean = kept.mean(0)
    expected = torch.special.entr(kept).sum(-1).mean(0)
    total = torch.special.entr(mean).sum(-1)

    assert torch.allclose(result.mean, mean)
    assert torch.allclose(result.variance, kept.var(0))
    assert torch.allclose(result.predictive_entropy, total)
    assert result.expected_entropy is not None
    assert torch.allclose(result.expected_entropy, expected)
    assert torch.allclose(result.mutual_information, (total - expected).clamp(min=0))
    votes = torch.nn.functional.one_hot(kept.argmax(-1), 3).sum(0)
    assert torch.equal(result.votes, votes)  # type: ignore[arg-type]
    assert torch.allclose(result.variation_ratio, 1 - votes.max(1).values / 40)
    assert torch.equal(result.classes, mean.argmax(1))


def test_large_outputs_of_small_variance_keep_it() -> None:
    """Where the mean of squares minus the square of the mean would lose it all in float32."""
    moments = Moments(torch.Size([1, 1]))
    values = 3000 + 1e-5 * torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    for value in values:
        moments.add(value.view(1, 1), torch.ones(1, dtype=torch.bool))

    assert float(moments.variance) == pytest.approx(1e-10, rel=1e-3)


@pytest.mark.parametrize("name", ["late", "first", "convolutions", "functional", "attention"])
def test_shared_masks_make_a_function_of_the_input(name: str) -> None:
    """Equal rows get equal samples, in other blocks too; without, they do not."""
    model = build(name)
    x = torch.randn(1, 6).expand(9, 6).contiguous()
    shared = _samples(model, x, task="classification", masks="shared")
    apart = _samples(model, x, task="classification")

    assert torch.allclose(shared, shared[:, :1].expand_as(shared), rtol=0, atol=1e-6)
    assert not torch.allclose(apart, apart[:, :1].expand_as(apart), rtol=0, atol=1e-6)
    assert shared.std(0).max() > 0


def test_rows_stop_when_their_mean_is_sure_enough() -> None:
    model = build("late")
    result = predict(model, _data(), 4000, until=0.01, generator=_seeded())
    sure = result.samples < 4000

    assert result.samples.min() >= LEAST
    assert sure.any()
    assert (result.standard_error.max(1).values[sure] <= 0.01).all()
    assert not result.curve


@pytest.mark.parametrize("block", [4, 256])
def test_a_row_that_stops_takes_the_samples_it_would_have_taken(block: int) -> None:
    model = build("late")
    result = predict(model, _data(), 400, until=0.02, generator=_seeded(), block=block)
    whole = predict(model, _data(), 400, generator=_seeded(), block=block, keep_samples=True)
    assert whole.kept is not None
    for row, count in enumerate(result.samples.tolist()):
        assert torch.allclose(result.mean[row], whole.kept[:count, row].mean(0))


@pytest.mark.parametrize("block", [4, 35, 256])
def test_the_curve_is_the_quality_of_the_first_samples(block: int) -> None:
    """Whatever a pass carries: one or two samples, three, or all."""
    result = predict(
        *(build("first"), _data(), 20), generator=_seeded(), keep_samples=True, block=block
    )
    kept, targets = result.kept, result.targets
    assert kept is not None
    assert targets is not None

    assert [point.samples for point in result.compare()] == [0, 1, 2, 5, 10, 20]
    for point in result.compare():
        mean = kept[: point.samples].mean(0) if point.samples else result.weight_scaling
        own = mean[torch.arange(ROWS), targets]
        assert point.error == pytest.approx(float((mean.argmax(1) != targets).double().mean()))
        assert point.log_likelihood == pytest.approx(float(own.log().mean()))


def test_a_regression_has_a_likelihood_and_intervals_where_tau_is_known() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Dropout(0.3), nn.Linear(16, 1))
    x, y = torch.randn(30, 6), torch.randn(30)
    result = predict(
        *(model, TensorDataset(x, y), 10), tau=2.0, generator=_seeded(), keep_samples=True
    )
    assert result.kept is not None
    assert result.targets is not None
    normal = torch.distributions.Normal(result.kept, 1 / math.sqrt(2))
    densities: Tensor = normal.log_prob(result.targets)  # type: ignore[no-untyped-call]
    expected = (densities.squeeze(-1).logsumexp(0) - math.log(10)).mean()
    low, high = result.interval(0.9)

    assert result.compare()[-1].log_likelihood == pytest.approx(float(expected))
    root = (result.mean - result.targets).square().mean().sqrt()
    assert result.compare()[-1].error == pytest.approx(float(root))
    assert result.aleatoric == 0.5
    assert torch.allclose((high - low) / 2, 1.6448536 * (result.variance + 0.5).sqrt(), atol=1e-6)


def test_one_output_is_the_odds_of_two_classes() -> None:
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(6, 1))
    result = predict(model, TensorDataset(torch.randn(5, 6), torch.ones(5).long()), 5)

    assert result.mean.shape == (5, 2)
    assert torch.allclose(result.mean.sum(1), torch.ones(5).double())


def test_named_inputs_and_picked_outputs_are_understood() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop, self.last = nn.Dropout(), nn.Linear(6, 3)

        def forward(self, x: Tensor, scale: Tensor) -> dict[str, Tensor]:
            return {"logits": self.last(self.drop(x)) * scale[:, None]}

    rows = [({"x": torch.randn(6), "scale": torch.tensor(2.0)}, i % 3) for i in range(7)]
    loader: DataLoader[Any] = DataLoader(rows, batch_size=3)  # type: ignore[arg-type]
    result = predict(Named(), loader, 4, outputs=lambda result: result["logits"])

    assert len(result) == 7
    with pytest.raises(ModelError, match="give outputs="):
        predict(Named(), loader, 4)


def test_it_says_how_the_samples_were_computed() -> None:
    def said(name: str, block: int = ROWS, **settings: object) -> str:
        return predict(build(name), _data(), 2, block=block, **settings).strategy  # type: ignore[arg-type]

    assert said("late") == "what comes before the first dropout was computed once"
    assert "dropout comes first" in said("first")
    assert "as asked for" in said("late", strategy="loop")
    assert "in place" in said("residual")
    assert "one by one" in said("attention", masks="shared")
    assert said("late", block=256).endswith("; up to 25 samples in a pass")
    assert "one sample in a pass: not all that is random" in said("functional", block=256)


def test_the_beginning_runs_once() -> None:
    model = build("late")
    calls = []
    model[0][0].register_forward_hook(lambda *_: calls.append(1))  # type: ignore[index]
    predict(model, _data(), 20, block=ROWS)
    assert len(calls) == 21  # a watched layer is called each time, and in evaluation

    model, layers = build("late"), list[nn.Module]()
    original = nn.Linear.forward

    def counted(self: nn.Linear, x: Tensor) -> Tensor:
        layers.append(self)
        return original(self, x)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.Linear, "forward", counted)
        predict(model, _data(), 20, block=ROWS)
    assert layers.count(model[0][0]) == 1  # type: ignore[index]
    assert layers.count(model[2]) == 21  # type: ignore[index]


def test_models_without_anything_random_are_refused() -> None:
    for model in (nn.Linear(6, 3), nn.Sequential(nn.Dropout(0.0), nn.Linear(6, 3))):
        with pytest.raises(ModelError, match="sampling needs dropout"):
            predict(model, _data(), 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"samples": 0}, "at least 1"),
        ({"block": 0}, "at least 1"),
        ({"masks": "none"}, "'rows' or 'shared'"),
        ({"strategy": "fast"}, "'auto', 'loop' or 'closed'"),
        ({"until": 0.0}, "until is above 0"),
        ({"tau": -1.0}, "tau is above 0"),
        ({"until": 0.1, "samples": 5}, "at least 16 samples"),
        ({"task": "ranking"}, "task is"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        predict(late(), _data(), **settings)  # type: ignore[arg-type]


def test_data_that_do_not_fit_are_refused() -> None:
    model = build("late")
    x = torch.randn(4, 6)
    with pytest.raises(SettingError, match="no targets to tell the task by"):
        predict(model, x)
    with pytest.raises(DataError, match="no rows"):
        predict(model, x[:0], task="classification")
    with pytest.raises(DataError, match="classes are from 0 to 2"):
        predict(model, TensorDataset(x, torch.full((4,), 3)))
    with pytest.raises(DataError, match="targets have the shape"):
        predict(model, TensorDataset(x, torch.randn(4)))
    with pytest.raises(DataError, match="got list"):
        predict(model, [1, 2])  # type: ignore[arg-type]


def test_asking_for_what_there_is_not_says_so() -> None:
    result: Prediction = predict(build("late"), _data().tensors[0], 3, task="classification")
    with pytest.raises(SettingError, match="for a regression"):
        result.interval()
    with pytest.raises(DataError, match="needs targets"):
        result.compare()
    numbers = predict(build("late"), _data().tensors[0], 3, task="regression")
    with pytest.raises(SettingError, match="give tau="):
        numbers.interval()
    with pytest.raises(SettingError, match="for a classification"):
        _ = numbers.mutual_information


def test_an_in_place_residual_is_computed_in_every_pass() -> None:
    """What is changed in place cannot be handed out again."""
    model = Residual()
    a = _samples(model, _data())
    assert torch.equal(a, _samples(model, _data(), strategy="loop"))


@pytest.mark.parametrize("strategy", ["auto", "loop"])
@pytest.mark.parametrize("name", NETWORKS)
def test_weight_scaling_is_the_pass_in_evaluation_mode(name: str, strategy: str) -> None:
    model, data = build(name), _data(4)
    with torch.no_grad():
        expected = model.eval()(data.tensors[0]).to(torch.float64).softmax(1)
    result = predict(model.train(), data, 2, strategy=strategy, block=4)  # type: ignore[arg-type]

    if name == "attention":  # torch's fast path, which rounds otherwise, is off while we sample
        assert torch.allclose(result.weight_scaling, expected, rtol=0, atol=1e-6)
    else:
        assert torch.equal(result.weight_scaling, expected)
