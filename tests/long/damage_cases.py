# torchdrop: ignore-file - mistakes on purpose
"""The mistakes whose price `python -m tests.long.audit_damage` finds, each beside its mended twin.

A twin differs from the other in the mistake alone: same layers, same probability of dropping.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torchdrop.data import Part
from torchdrop.modes import training
from torchdrop.networks import mlp
from torchdrop.nn import Dropout
from torchdrop.training import Objective, Score

P = 0.3
ALPHA_P = 0.1  # what the authors of alpha dropout use at most
WIDTHS = (64, 200, 100, 50, 10)
LOSS = Objective("classification")

Drop: TypeAlias = Callable[[Tensor, bool], Tensor]
Backward: TypeAlias = Callable[[nn.Module, Tensor, Tensor], None]


class Chain(nn.Module):
    """The demo's layers, with dropout as a function of a tensor and the mode."""

    def __init__(self, drop: Drop) -> None:
        super().__init__()
        self.layers = nn.ModuleList(x for x in mlp(*WIDTHS, p=P) if isinstance(x, nn.Linear))
        self.drop = drop

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = self.drop(F.leaky_relu(layer(x), 0.01), self.training)
        return self.layers[-1](x)  # type: ignore[no-any-return]


class SelfNormalizing(Chain):
    """The same with SELU, for alpha dropout."""

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = self.drop(F.selu(layer(x)), self.training)
        return self.layers[-1](x)  # type: ignore[no-any-return]


class Listed(nn.Module):
    """The same with layers of dropout, which torch knows of or not."""

    def __init__(self, *, registered: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(x for x in mlp(*WIDTHS, p=P) if isinstance(x, nn.Linear))
        drops = [nn.Dropout(P) for _ in self.layers[:-1]]
        self.drops = nn.ModuleList(drops) if registered else drops

    def forward(self, x: Tensor) -> Tensor:
        for layer, drop in zip(self.layers[:-1], self.drops, strict=True):
            x = drop(F.leaky_relu(layer(x), 0.01))
        return self.layers[-1](x)  # type: ignore[no-any-return]


class RowAttention(nn.Module):
    """A small attention network over the eight rows of a digit."""

    def __init__(self, *, always_on: bool, width: int = 32, heads: int = 4) -> None:
        super().__init__()
        self.always_on, self.heads = always_on, heads
        self.embed = nn.Linear(8, width)
        self.position = nn.Parameter(0.02 * torch.randn(8, width))
        self.inputs, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.head = nn.Linear(8 * width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x.reshape(-1, 8, 8)) + self.position
        q, k, v = (
            part.reshape(len(x), 8, self.heads, -1).transpose(1, 2)
            for part in self.inputs(x).chunk(3, dim=2)
        )
        p = P if self.training or self.always_on else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, dropout_p=p).transpose(1, 2).flatten(2)
        return self.head(F.relu(x + self.output(mixed)).flatten(1))  # type: ignore[no-any-return]


class OwnRate(Chain):
    """Its evaluation sets the rate to 0, and nothing sets it back."""

    def __init__(self) -> None:
        self.p = P
        super().__init__(lambda x, mode: F.dropout(x, self.p, mode))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            self.p = 0.0
        return super().forward(x)


def demo() -> nn.Module:
    """The network of the README's demo."""
    return mlp(*WIDTHS, p=P)


def right(x: Tensor, mode: bool) -> Tensor:
    """Dropout as it should be."""
    return F.dropout(x, P, mode)


def normalized(*, dropout_first: bool) -> nn.Module:
    """The demo's network with batch normalization beside each dropout."""
    layers: list[nn.Module] = []
    for layer in mlp(*WIDTHS, p=P):
        if isinstance(layer, nn.Linear):
            width = layer.out_features
        pair = [nn.BatchNorm1d(width), layer] if isinstance(layer, Dropout) else [layer]
        layers += pair[::-1] if dropout_first else pair
    return nn.Sequential(*layers)


def plain_backward(model: nn.Module, x: Tensor, y: Tensor) -> None:
    """One backward pass."""
    LOSS.loss(model(x), y).backward()  # type: ignore[no-untyped-call]


def once(seed: int) -> Backward:
    """Masks go on from where they were."""
    return plain_backward


def reseeded(seed: int) -> Backward:
    """Every step starts its masks from the same seed."""

    def backward(model: nn.Module, x: Tensor, y: Tensor) -> None:
        torch.manual_seed(seed)
        plain_backward(model, x, y)

    return backward


def two_ranks(seed: int, *, same: bool) -> Backward:
    """Two ranks with half of each mini-batch, and a generator each; gradients are averaged."""
    generators = [torch.Generator().manual_seed(seed + rank * (not same)) for rank in range(2)]
    states = [generator.get_state() for generator in generators]

    def backward(model: nn.Module, x: Tensor, y: Tensor) -> None:
        for rank, (rows, targets) in enumerate(zip(x.chunk(2), y.chunk(2), strict=True)):
            torch.set_rng_state(states[rank])
            (0.5 * LOSS.loss(model(rows), targets)).backward()  # type: ignore[no-untyped-call]
            states[rank] = torch.get_rng_state()

    return backward


def in_evaluation(model: nn.Module, part: Part) -> Score:
    """Measure as one should."""
    return LOSS.score(model, part)


def in_training(model: nn.Module, part: Part) -> Score:
    """Measure with dropout on."""
    with training(model), torch.no_grad():
        output = model(part.x)
        correct = int((output.argmax(1) == part.y).sum())
        return Score(LOSS.loss(output, part.y).item(), correct / len(part))


def after_sampling(model: nn.Module, part: Part) -> Score:
    """Measure as one should, after the first 200 rows were sampled in training mode, 8 by 8."""
    with training(model), torch.no_grad():
        for rows in torch.split(part.x[:200], 8):
            for _ in range(10):
                model(rows)
    return in_evaluation(model, part)


@dataclass(frozen=True)
class Twin:
    """A way to build, train and measure a network.

    Attributes:
        build: Makes the network; its weights come from torch's global generator.
        restore: Whether an epoch begins in training mode also after an evaluation.
        backward: Called with the seed of the masks; what it returns runs the backward passes.
        measure: How the network is scored.
    """

    build: Callable[[], nn.Module] = demo
    restore: bool = True
    backward: Callable[[int], Backward] = once
    measure: Callable[[nn.Module, Part], Score] = in_evaluation

    def begin(self, model: nn.Module, epoch: int) -> None:
        """Set the mode as an epoch begins."""
        if self.restore or epoch == 0:
            model.train()

    def end(self, model: nn.Module, part: Part) -> None:
        """Look at the validation part, as loops do; masks of training are left as they were."""
        model.eval()
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            model(part.x)


@dataclass(frozen=True)
class Mistake:
    """A mistake and its price's two sides.

    Attributes:
        what: In words.
        rule: The rule that finds it.
        broken: With it.
        mended: Without it.
    """

    what: str
    rule: str
    broken: Twin
    mended: Twin


GOOD = Twin()
FUNCTIONAL = Twin(lambda: Chain(right))
SELU = Twin(lambda: SelfNormalizing(lambda x, mode: F.alpha_dropout(x, ALPHA_P, mode)))
ATTENTION = Twin(lambda: RowAttention(always_on=False))
LISTED = Twin(lambda: Listed(registered=True))
NORMALIZED = Twin(lambda: normalized(dropout_first=False))
RANKS = Twin(backward=lambda seed: two_ranks(seed, same=False))


def _twin(drop: Drop) -> Twin:
    return Twin(lambda: Chain(drop))


MISTAKES = (
    Mistake(
        "`F.dropout` without `training=`", "DRP101", _twin(lambda x, _: F.dropout(x, P)), FUNCTIONAL
    ),
    Mistake(
        "`F.alpha_dropout` without `training=`",
        "DRP102",
        Twin(lambda: SelfNormalizing(lambda x, _: F.alpha_dropout(x, ALPHA_P))),
        SELU,
    ),
    Mistake("`F.dropout(x, self.training)`", "DRP104", _twin(F.dropout), FUNCTIONAL),
    Mistake(
        "attention's `dropout_p` without the mode",
        "DRP106",
        Twin(lambda: RowAttention(always_on=True)),
        ATTENTION,
    ),
    Mistake(
        "`nn.Dropout(p)(x)` in `forward`",
        "DRP107",
        _twin(lambda x, _: nn.Dropout(P)(x)),
        FUNCTIONAL,
    ),
    Mistake(
        f"keep probability {1 - P:g} as `p`",
        "DRP108",
        _twin(lambda x, mode: F.dropout(x, 1 - P, mode)),
        FUNCTIONAL,
    ),
    Mistake(
        "dropout's result is not used",
        "DRP110",
        _twin(lambda x, mode: (F.dropout(x, P, mode), x)[1]),
        FUNCTIONAL,
    ),
    Mistake("`manual_seed` in every step", "DRP113", Twin(backward=reseeded), GOOD),
    Mistake("evaluation without `eval()`", "DRP201", Twin(measure=in_training), GOOD),
    Mistake("`train()` only before the first epoch", "DRP203", Twin(restore=False), GOOD),
    Mistake("evaluation sets the rate to 0 for good", "DRP206", Twin(OwnRate), FUNCTIONAL),
    Mistake(
        "sampling by `train()`, beside BatchNorm",
        "DRP208",
        Twin(lambda: normalized(dropout_first=False), measure=after_sampling),
        NORMALIZED,
    ),
    Mistake(
        "one seed on both of two ranks",
        "DRP210",
        Twin(backward=lambda seed: two_ranks(seed, same=True)),
        RANKS,
    ),
    Mistake("dropouts in a plain list", "DRP301", Twin(lambda: Listed(registered=False)), LISTED),
    Mistake(
        "dropout right before BatchNorm",
        "DRP305",
        Twin(lambda: normalized(dropout_first=True)),
        NORMALIZED,
    ),
    Mistake(
        "dropout on the output",
        "DRP306",
        Twin(lambda: nn.Sequential(*demo().children(), nn.Dropout(P))),
        GOOD,
    ),
    Mistake(
        "two dropouts in a row",
        "DRP308",
        _twin(lambda x, mode: right(right(x, mode), mode)),
        FUNCTIONAL,
    ),
    Mistake(
        "`dropout1d` on `(batch, features)`",
        "DRP309",
        _twin(lambda x, mode: F.dropout1d(x, P, mode)),
        FUNCTIONAL,
    ),
    Mistake(
        "alpha dropout without SELU",
        "DRP310",
        _twin(lambda x, mode: F.alpha_dropout(x, P, mode)),
        FUNCTIONAL,
    ),
)
