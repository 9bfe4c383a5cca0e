"""The closed form: moments over all masks, where they are known, and a refusal where not."""

import math
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from torchdrop.errors import DataError, ModelError, SettingError
from torchdrop.montecarlo import Prediction, predict, summary
from torchdrop.report import prediction_page


def _closed(model: nn.Module, data: Any, **settings: Any) -> Prediction:
    given = {"task": "regression", "strategy": "closed", **settings}
    return predict(model, data, **given)


def _chain(units: int = 6, p: float = 0.3, values: int = 2) -> nn.Sequential:
    torch.manual_seed(0)
    layers = (nn.Linear(4, units), nn.Tanh(), nn.Dropout(p), nn.Linear(units, values))
    return nn.Sequential(*layers).double()


def _rows(count: int = 5) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, 4, generator=generator, dtype=torch.float64)


def _enumerated(model: nn.Sequential, x: Tensor, p: float) -> tuple[Tensor, Tensor]:
    """Mean and variance of all 2**n masks, weighed by their probabilities."""
    with torch.no_grad():
        units = model[:2](x)
        masks = torch.tensor(list(product((0.0, 1.0), repeat=units.shape[1])), dtype=torch.float64)
        weights = (masks * (1 - p) + (1 - masks) * p).prod(1)[:, None, None]
        values = torch.stack([model[3](units * mask / (1 - p)) for mask in masks])
        mean = (weights * values).sum(0)
        return mean, (weights * (values - mean).square()).sum(0)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("masks", ["rows", "shared"])
def test_moments_are_those_of_all_masks(p: float, masks: str) -> None:
    model, x = _chain(p=p), _rows()
    result = _closed(model, x, masks=masks)
    mean, variance = _enumerated(model, x, p)

    assert torch.allclose(result.mean, mean, rtol=1e-12, atol=1e-12)
    assert torch.allclose(result.variance, variance, rtol=1e-12, atol=1e-12)


def test_samples_come_to_the_same_moments() -> None:
    """Twenty thousand of them, within five standard errors by their own fourth moments."""
    model, x, n = _chain(units=40, p=0.4), _rows(), 20_000
    exact = _closed(model, x)
    drawn = predict(
        *(model, x, n),
        task="regression",
        generator=torch.Generator().manual_seed(2),
        keep_samples=True,
    )
    assert drawn.kept is not None
    fourth = (drawn.kept - drawn.mean).pow(4).mean(0)

    assert ((drawn.mean - exact.mean).abs() < 5 * (exact.variance / n).sqrt()).all()
    bound = 5 * ((fourth - exact.variance.square()) / n).sqrt()
    assert ((drawn.variance - exact.variance).abs() < bound).all()


def test_there_are_no_samples_and_nothing_that_follows_from_them() -> None:
    x = _rows()
    result = _closed(_chain(), TensorDataset(x, torch.randn(5, 2)), tau=2.0, task="auto")

    assert result.exact
    assert result.samples.tolist() == [0] * 5
    assert torch.equal(result.standard_error, torch.zeros(5, 2).double())
    assert result.curve == ()
    assert result.kept is None
    assert result.targets is not None
    assert torch.equal(result.weight_scaling, result.mean)
    with pytest.raises(DataError, match="strategy='closed'"):
        result.compare()
    assert "closed form" in result.strategy
    assert summary(result).standard_error == 0


def test_intervals_are_of_the_exact_moments() -> None:
    result = _closed(_chain(), _rows(), tau=2.0)
    low, high = result.interval(0.9)

    assert torch.allclose((low + high) / 2, result.mean)
    assert torch.allclose((high - low) / 2, 1.6448536 * (result.variance + 0.5).sqrt(), atol=1e-6)


def test_a_page_takes_it(tmp_path: Path) -> None:
    data = TensorDataset(_rows(), torch.randn(5, 2))
    prediction_page(_closed(_chain(), data, tau=2.0), tmp_path / "page.html")

    page = (tmp_path / "page.html").read_text()
    assert "the closed form" in page
    assert "5 rows, all masks of each" in page


def test_weight_scaling_is_the_pass_in_evaluation_mode() -> None:
    model, x = _chain(), _rows()
    with torch.no_grad():
        assert torch.equal(_closed(model, x).weight_scaling, model.eval()(x))


def test_blocks_rows_and_progress_are_those_of_sampling() -> None:
    seen: list[tuple[int, int | None]] = []
    whole = _closed(
        _chain(), _rows(), block=2, on_rows=lambda done, total: seen.append((done, total))
    )

    assert seen == [(2, 5), (4, 5), (5, 5)]
    assert torch.allclose(whole.variance, _closed(_chain(), _rows()).variance, rtol=1e-12)


def test_everything_is_left_as_it_was() -> None:
    model = _chain().train()
    model[0].eval()
    modes = [module.training for module in model.modules()]
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    _closed(model, _rows(), generator=torch.Generator().manual_seed(0))

    assert torch.equal(torch.rand(3), expected)
    assert [module.training for module in model.modules()] == modes
    assert not any("forward" in vars(module) for module in model.modules())


def test_a_squeezed_column_is_the_output_of_its_linear() -> None:
    class Squeezed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.chain = _chain(values=1)

        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return {"value": self.chain(x).squeeze(-1)}

    x = _rows()
    result = _closed(Squeezed(), x, outputs=lambda result: result["value"])

    assert torch.equal(result.variance, _closed(_chain(values=1), x).variance)
    assert result.mean.shape == (5, 1)


def test_dropout_that_is_off_counts_for_nothing() -> None:
    model, x = _chain(), _rows()
    beside = nn.Sequential(model[0], nn.Dropout(0.0), model[1], model[2], model[3])

    assert torch.equal(_closed(beside, x).variance, _closed(model, x).variance)


class _Ends(nn.Module):
    """Drops, multiplies, and does something at one of the places around it."""

    def __init__(self, forward: Any) -> None:
        super().__init__()
        self.drop, self.last, self.do = nn.Dropout(0.5), nn.Linear(4, 4).double(), forward

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.do(self, x)
        return y


BROKEN = {
    "behind": lambda m, x: torch.tanh(m.last(m.drop(x))),
    "behind, in place": lambda m, x: m.last(m.drop(x)).mul_(2),
    "between": lambda m, x: m.last(torch.relu(m.drop(x))),
    "between, in place": lambda m, x: m.last(m.drop(x).add_(1)),
    "beside": lambda m, x: x + m.last(m.drop(x)),
    "not used": lambda m, x: (m.drop(x), m.last(x))[1],
    "a part": lambda m, x: m.last(m.drop(x))[:, :2],
    "turned": lambda m, x: m.last(m.drop(x)).T.reshape(len(x), 4),
    "by hand": lambda m, x: F.linear(m.drop(x), m.last.weight, m.last.bias),
}


@pytest.mark.parametrize("where", BROKEN)
def test_anything_around_dropout_and_linear_is_refused(where: str) -> None:
    with pytest.raises(ModelError, match="between them, beside them or behind them"):
        _closed(_Ends(BROKEN[where]), _rows())


def test_other_randomness_is_refused() -> None:
    twice = _Ends(lambda m, x: m.last(m.drop(m.drop(x))))
    with pytest.raises(ModelError, match="got 2 calls"):
        _closed(twice, _rows())
    function = _Ends(lambda m, x: m.last(m.drop(F.dropout(x, 0.5))))
    with pytest.raises(ModelError, match="draws other random numbers"):
        _closed(function, _rows())
    two = nn.Sequential(nn.Dropout(0.1), *_chain())
    with pytest.raises(ModelError, match=r"got 0 \(Dropout, p=0.1\), 3 \(Dropout, p=0.3\)"):
        _closed(two, _rows())
    for other in (nn.AlphaDropout(0.2), nn.Dropout1d(0.2), nn.Dropout(1.0)):
        with pytest.raises(ModelError, match="with p below 1"):
            _closed(nn.Sequential(other, nn.Linear(4, 2).double()), _rows())
    with pytest.raises(ModelError, match="got none"):
        _closed(nn.Linear(4, 2).double(), _rows())


def test_outputs_that_compute_are_refused() -> None:
    with pytest.raises(ModelError, match="outputs= counts"):
        _closed(_chain(), _rows(), outputs=lambda output: 2 * output)


def test_a_hook_that_changes_what_passes_is_refused() -> None:
    model = _chain()
    model[3].register_forward_hook(lambda module, args, output: 2 * output)
    with pytest.raises(ModelError, match="behind them"):
        _closed(model, _rows())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task": "classification"}, "of a regression"),
        ({"until": 0.1}, "got until=0.1"),
        ({"keep_samples": True}, "got keep_samples=True"),
    ],
)
def test_what_needs_samples_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        _closed(_chain(), _rows(), **settings)


def test_single_precision_is_summed_in_double() -> None:
    model, x = _chain(units=64), _rows()
    wide, narrow = _closed(model, x), _closed(model.float(), x.float())

    assert narrow.variance.dtype == torch.float64
    assert torch.allclose(narrow.variance, wide.variance, rtol=100 * torch.finfo(torch.float32).eps)
    assert math.isclose(float(narrow.mean[0, 0]), float(wide.mean[0, 0]), abs_tol=1e-5)
