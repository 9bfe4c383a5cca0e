"""Passes that carry several samples: they are those of passes that carry one."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import torchdrop
from torchdrop import functional
from torchdrop.kernels import given_seeds
from torchdrop.montecarlo import Prediction, predict
from torchdrop.montecarlo._agreement import agree
from torchdrop.montecarlo._passes import WIDEST
from torchdrop.montecarlo._seeds import call_seed, sample_seed
from torchdrop.montecarlo._stacked_moments import StackedClassMoments
from torchdrop.montecarlo._sums import pieces
from torchdrop.nn import ActivationDropout, Dropout

from .networks import build

ROWS = (1, 3, 100)


def _rows(count: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.randn(count, *(shape or (6,)), generator=generator, dtype=torch.float64)


def _predict(model: nn.Module, x: Tensor, samples: int = 7, **settings: Any) -> Prediction:
    given = {"task": "regression", "keep_samples": True, **settings}
    return predict(model, x, samples, generator=torch.Generator().manual_seed(3), **given)


def _kept(model: nn.Module, x: Tensor, samples: int = 7, **settings: Any) -> Tensor:
    kept = _predict(model, x, samples, **settings).kept
    assert kept is not None
    return kept


class _Rows(nn.Module):
    """Drops, and then does something with all rows."""

    def __init__(self, do: Any) -> None:
        super().__init__()
        self.first, self.drop, self.do = nn.Linear(6, 4).double(), nn.Dropout(0.5), do

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.do(self.drop(self.first(x)))
        return y


@pytest.mark.parametrize("masks", ["rows", "shared"])
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("name", ["late", "first", "convolutions", "residual", "twice"])
def test_the_fast_way_gives_the_samples_of_the_loop_to_the_bit(
    name: str, rows: int, masks: str
) -> None:
    model, x = build(name), _rows(rows).float()
    result = _predict(model, x, masks=masks)

    assert f"up to {min(WIDEST, 256 // rows)} samples in a pass" in result.strategy
    assert torch.equal(result.kept, _kept(model, x, masks=masks, strategy="loop"))  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", ROWS)
def test_the_first_samples_do_not_depend_on_how_many_are_wanted(rows: int) -> None:
    model, x = build("first"), _rows(rows).float()
    many = _kept(model, x, 150)

    for samples in (1, 2, 7, WIDEST, WIDEST + 1):
        assert torch.equal(_kept(model, x, samples), many[:samples])


LAYERS: list[tuple[nn.Module, tuple[int, ...]]] = [
    (nn.Dropout(0.3), (5,)),
    (nn.Dropout(1.0), (5,)),
    (nn.Dropout1d(0.3), (5, 4)),
    (nn.Dropout2d(0.3), (5, 4, 3)),
    (nn.Dropout3d(0.3), (5, 2, 2, 2)),
    (nn.Dropout(0.3), (5, 2, 2)),
    (Dropout(0.3), (5, 2)),
]


@pytest.mark.parametrize("masks", ["rows", "shared"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=lambda x: str(x).replace(" ", ""))
@pytest.mark.usefixtures("each_kernel")
def test_every_sample_has_the_masks_of_its_own_seed(
    layer: nn.Module, shape: tuple[int, ...], dtype: torch.dtype, masks: str
) -> None:
    """Against the functional, copy by copy; and against passes of one sample."""
    model, x = nn.Sequential(layer, nn.Identity(), layer, nn.Flatten()), _rows(3, *shape).to(dtype)
    result = _predict(model, x, masks=masks)
    dims = tuple(range(1, x.ndim)) if masks == "shared" else tuple(range(x.ndim))
    if not isinstance(layer, nn.Dropout):
        dims = tuple(axis for axis in dims if axis < 2)
    block = None if masks == "shared" else 0

    assert "samples in a pass" in result.strategy
    for sample, values in enumerate(result.kept):  # type: ignore[arg-type]
        seed = sample_seed(result.seed, sample, block)
        y = x
        for call in range(2):
            with given_seeds([torch.tensor([call_seed(seed, call)])]):
                every = dims == tuple(range(x.ndim))
                y = functional.dropout(y, layer.p, training=True, dims=None if every else dims)  # type: ignore[arg-type]
        assert torch.equal(values, y.flatten(1).double())
    assert torch.equal(result.kept, _kept(model, x, masks=masks, block=3))  # type: ignore[arg-type]


@pytest.mark.parametrize("masks", ["rows", "shared"])
@pytest.mark.parametrize("ours", ["Dropout", "ActivationDropout"])
def test_our_layers_give_the_samples_of_torchs(ours: str, masks: str) -> None:
    torch.manual_seed(0)
    first, last, x = nn.Linear(6, 8), nn.Linear(8, 2), _rows(5).float()
    pair = {
        "Dropout": (nn.ReLU(), Dropout(0.5)),
        "ActivationDropout": (nn.Identity(), ActivationDropout("relu", 0.5)),
    }[ours]
    theirs = nn.Sequential(first, nn.ReLU(), nn.Dropout(0.5), last)
    result = _predict(nn.Sequential(first, *pair, last), x, masks=masks)

    assert "samples in a pass" in result.strategy
    assert torch.equal(result.kept, _kept(theirs, x, masks=masks))  # type: ignore[arg-type]
    assert torch.equal(result.weight_scaling, _predict(theirs, x).weight_scaling)


@pytest.mark.parametrize("masks", ["rows", "shared"])
@pytest.mark.parametrize("hold", [1, 3])
def test_thinned_chains_give_the_samples_of_the_plain_ones(hold: int, masks: str) -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(
        *(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 8), nn.ReLU()),
        *(nn.Dropout(0.5), nn.Linear(8, 2)),
    )
    x, thinned = _rows(5).float(), torchdrop.thin(plain, always=True, hold=hold)
    result = _predict(thinned, x, masks=masks)

    assert "samples in a pass" in result.strategy
    assert torch.equal(result.kept, _kept(plain, x, masks=masks))  # type: ignore[arg-type]
    assert torch.equal(result.weight_scaling, _predict(plain, x).weight_scaling)
    assert "forward" not in vars(thinned)


def test_thinned_pairs_give_each_row_masks_of_its_own() -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(6, 2, 16, dropout=0.5, batch_first=True)
    layer.self_attn.dropout = layer.dropout1.p = layer.dropout2.p = 0.0
    thinned = torchdrop.thin(layer, always=True)
    x = _rows(1, 4, 6).float().expand(5, 4, 6)
    kept = _kept(nn.Sequential(thinned, nn.Flatten()), x, 3)

    assert torch.equal(kept, _kept(nn.Sequential(layer, nn.Flatten()), x, 3))
    assert len(torch.unique(kept[0], dim=0)) == 5


@pytest.mark.parametrize("layer", [Dropout(0.5, dims=(1,)), Dropout(0.5, scale="eval")])
def test_our_layers_with_ways_of_their_own_keep_them(layer: nn.Module) -> None:
    assert "one sample in a pass" in _predict(nn.Sequential(layer), _rows(5)).strategy


def _gamma(terms: int) -> float:
    """Relative error of a sum of so many products in any order (Higham 2002, lemma 3.1)."""
    unit = torch.finfo(torch.float64).eps / 2
    return terms * unit / (1 - terms * unit)


@pytest.mark.parametrize("rows", ROWS)
def test_values_are_those_of_passes_of_one_sample_but_for_rounding(rows: int) -> None:
    """With a bound carried through the layers: both ways stay within it of the exact value."""
    torch.manual_seed(0)
    one, two = nn.Linear(6, 40).double(), nn.Linear(40, 3).double()
    model, x = nn.Sequential(one, nn.ReLU(), nn.Dropout(0.5), two, nn.Dropout(0.5)), _rows(rows)
    with torch.no_grad():
        size = x.abs() @ one.weight.abs().T + one.bias.abs()
        error = _gamma(7) * size
        size, error = 2 * size, 2 * (error + _gamma(1) * (size + error))
        error = error @ two.weight.abs().T
        size = size @ two.weight.abs().T + two.bias.abs()
        error += _gamma(41) * (size + error)
        bound = 2 * 2 * (error + _gamma(1) * (size + error))
    together, alone = _kept(model, x), _kept(model, x, block=rows)

    assert torch.equal(together == 0, alone == 0)
    assert ((together - alone).abs() <= bound).all()
    assert bound.max() < 1e-12


@pytest.mark.parametrize(
    "do",
    [
        lambda y: y - y.mean(0),
        lambda y: y.cumsum(0),
        lambda y: y.flip(0).cumsum(0).flip(0),
        lambda y: y - y[0],
        lambda y: F.batch_norm(y, None, None, training=True),
        lambda y: y.sort(0).values,
    ],
    ids=["mean", "sum of those before", "sum of those behind", "first", "batch norm", "sort"],
)
def test_rows_that_see_each_other_go_one_sample_at_a_time(do: Any) -> None:
    model, x = _Rows(do), _rows(3)
    result = _predict(model, x)

    assert "one sample in a pass: a sample comes out otherwise" in result.strategy
    assert torch.equal(result.kept, _kept(model, x, block=3))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("do", "error"),
    [(lambda y: y.view(3, 4), "RuntimeError"), (lambda y: y + torch.ones(3, 1), "RuntimeError")],
)
def test_a_model_for_so_many_rows_goes_one_sample_at_a_time(do: Any, error: str) -> None:
    model, x = _Rows(do), _rows(3)
    result = _predict(model, x)

    assert f"several raise {error}" in result.strategy
    assert torch.equal(result.kept, _kept(model, x, block=3))  # type: ignore[arg-type]


def test_rows_along_another_axis_go_one_sample_at_a_time() -> None:
    """The masks of a layer that sees time before rows would be others."""

    class TimeFirst(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout(0.5)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.drop(x.T).T.sum(1)
            return y

    for columns in (6, 85):  # 85 copies of 3 rows: what can be cut into copies, and is not
        model, x = TimeFirst(), _rows(3, columns)
        assert "one sample in a pass" in _predict(model, x).strategy
        assert torch.equal(_kept(model, x), _kept(model, x, block=3))


def test_other_random_numbers_keep_samples_apart() -> None:
    """Generators know of no samples: a function that drops beside the layers."""
    model = _Rows(lambda y: F.dropout(y, 0.5))
    result = _predict(model, _rows(3))

    assert "one sample in a pass: not all that is random" in result.strategy
    assert torch.equal(result.kept, _kept(model, _rows(3), block=3))  # type: ignore[arg-type]


def test_a_function_that_drops_beside_layers_shares_its_masks_too() -> None:
    model = _Rows(lambda y: F.dropout(y, 0.5))
    kept = _kept(model, _rows(1).expand(9, 6).contiguous(), masks="shared")

    assert torch.allclose(kept, kept[:, :1].expand_as(kept), rtol=1e-12)
    assert kept.std(0).max() > 0


def test_what_is_not_of_rows_is_computed_again() -> None:
    """A module before the dropout whose output has no row axis is not repeated."""

    class Positions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.place = nn.Embedding(6, 4).double()
            self.drop, self.last = nn.Dropout(0.5), nn.Linear(4, 2).double()

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.last(self.drop(x[:, :, None] + self.place(torch.arange(6)))).sum(1)
            return y

    for rows in (1, 2, 3):
        result = _predict(Positions(), _rows(rows))
        assert f"up to {min(WIDEST, 256 // rows)} samples in a pass" in result.strategy


@pytest.mark.parametrize("strategy", ["auto", "loop"])
@pytest.mark.parametrize(("rows", "samples"), [(1, 100), (3, 100), (100, 5), (128, 3), (129, 3)])
def test_passes_are_as_many_as_samples_by_copies(rows: int, samples: int, strategy: str) -> None:
    """And evaluation, and the first and the last copy alone, which the copies are compared with."""
    lengths: list[int] = []

    class Counted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.chain = nn.Sequential(nn.Linear(6, 4), nn.Dropout(0.5), nn.Linear(4, 2))

        def forward(self, x: Tensor) -> Tensor:
            lengths.append(len(x))
            y: Tensor = self.chain(x)
            return y

    predict(Counted(), _rows(rows).float(), samples, task="regression", strategy=strategy)  # type: ignore[arg-type]
    copies = min(WIDEST, 256 // rows)
    passes = math.ceil(samples / copies)

    assert max(lengths) <= 256
    if copies == 1:
        assert lengths == [rows] * (samples + 1)
        return
    assert lengths.count(copies * rows) == passes
    again = passes if strategy == "loop" else 0  # which computes the beginning for every pass
    assert lengths.count(rows) == 3 + again


def test_the_beginning_is_computed_for_one_copy() -> None:
    lengths: list[int] = []
    first, last = nn.Linear(6, 4), nn.Linear(4, 2)
    original = nn.Linear.forward

    def counted(self: nn.Linear, x: Tensor) -> Tensor:
        if self is first:
            lengths.append(len(x))
        return original(self, x)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.Linear, "forward", counted)
        model = nn.Sequential(first, nn.ReLU(), nn.Dropout(0.5), last)
        predict(model, _rows(2).float(), 200, task="regression")
    assert lengths == [2]


def test_named_inputs_travel_together_too() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop, self.last = nn.Dropout(), nn.Linear(6, 2)

        def forward(self, x: Tensor, scale: Tensor) -> Tensor:
            y: Tensor = self.last(self.drop(x)) * scale[:, None]
            return y

    torch.manual_seed(0)
    rows = [{"x": torch.randn(6), "scale": torch.tensor(float(i))} for i in range(3)]
    model, data = Named(), torch.utils.data.DataLoader(rows, batch_size=2)  # type: ignore[arg-type, var-annotated]
    together = predict(
        *(model, data, 9), task="regression", generator=torch.Generator().manual_seed(3)
    )
    alone = predict(
        *(model, data, 9), task="regression", generator=torch.Generator().manual_seed(3), block=3
    )

    assert "samples in a pass" in together.strategy
    assert torch.allclose(together.mean, alone.mean, rtol=0, atol=1e-5)
    assert torch.allclose(together.variance, alone.variance, rtol=0, atol=1e-4)


def test_the_masks_of_neighboring_calls_are_independent() -> None:
    """Agreements of n pairs of fair coins, within five standard errors."""
    n = 200_000
    masks = []
    for call in range(2):
        with given_seeds([torch.tensor([call_seed(2**62 - 1, call)])]):
            masks.append(functional.dropout(torch.ones(n), 0.5, training=True) != 0)

    assert call_seed(2**62 - 1, 1) == 0
    assert abs(float((masks[0] == masks[1]).double().mean()) - 0.5) < 5 * 0.5 / math.sqrt(n)


def test_agreement_is_rounding_and_no_share_of_the_spread() -> None:
    alone, epsilon = _rows(5, 2), 1e-6
    spread = torch.ones(2, dtype=torch.float64)

    assert agree(alone * (1 + epsilon), alone, spread, epsilon)
    assert agree(alone + 1e-4, alone, spread, epsilon)
    assert not agree(alone + 1e-2, alone, spread, epsilon)
    assert not agree(alone + 1e-4, alone, 1e-3 * spread, epsilon)
    assert agree(3000 * (1 + alone * epsilon), torch.full_like(alone, 3000), 0 * spread, epsilon)
    assert not agree(alone[:4], alone, spread, epsilon)
    assert not agree(alone * math.nan, alone, spread, epsilon)


def test_stacks_of_samples_sum_up_as_samples_do() -> None:
    kept = _rows(30, 4, 3).softmax(-1)
    moments = StackedClassMoments(kept[0].shape)
    for part in torch.split(kept, [1, 2, 20, 7]):
        moments.add_all(part)

    assert torch.allclose(moments.mean, kept.mean(0), rtol=1e-13)
    assert torch.allclose(moments.variance, kept.var(0), rtol=1e-12)
    assert torch.allclose(moments.expected_entropy, torch.special.entr(kept).sum(-1).mean(0))
    assert torch.equal(moments.votes, F.one_hot(kept.argmax(-1), 3).sum(0))
    assert moments.count.tolist() == [30] * 4


def test_stacks_are_cut_at_every_stop() -> None:
    numbers = torch.arange(12)
    found = list(pieces(iter(torch.split(numbers, 5)), [1, 2, 7, 11]))

    assert [done for done, _ in found] == [1, 2, 5, 7, 10, 11]
    assert torch.equal(torch.cat([piece for _, piece in found]), numbers[:11])
