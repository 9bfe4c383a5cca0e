"""A chain of layers that computes only the units that its dropout keeps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import SettingError
from ..functional import (
    Count,
    GradientMemory,
    KeptUnits,
    UnitDraws,
    take_part,
    thinned_convolution,
    thinned_linear,
)
from ..kernels import TORCH, Matmul, choose_routes, seeds_for
from ._activation_dropout import ActivationDropout
from ._thinned_sites import CHANNELS, NORMS
from ._thinning_plan import Plan, plan

_EXACT = (torch.float32, torch.float64)
"""Dtypes in which a column's factor is as good as the product with it needs."""


@dataclass
class _State:
    """What a chain remembers between passes; a module's own attributes are slow to set."""

    plan: Plan | None = None
    idle: Plan | None = None  # where nothing drops, as in evaluation
    held: UnitDraws | None = None
    passes: int = 0


class ThinnedSequential(nn.Sequential):
    """A `torch.nn.Sequential` whose dropped units are not computed in training.

    Where a chain runs Linear, activation, Dropout, Linear, or Conv2d, (BatchNorm2d), activation,
    Dropout2d, Conv2d, the units that dropout drops are drawn once for the mini-batch: the first
    layer computes only the rows that are kept, the next one takes only their columns, and
    gradients of all other weights are exactly 0. Out of training, and with p = 0, it is the plain
    chain, bit for bit. Names and parameters are those of the plain chain.

    The same units drop for every row of the batch (or of a group of rows), which plain dropout
    does not do: gradients of one step vary more. A batch norm's running statistics move for the
    channels that are kept.

    A chain of linear layers that has too few rows or units to gain by it steps aside: it computes
    all units and selects the same ones, so that what it returns, and its gradients, are the same.
    `thins` and `print` say from how many rows on it thins. Convolutions do not step aside.

    Args:
        layers: The chain's layers, by name, as `Sequential` takes them.
        count: `binomial` keeps each unit by itself, as the chapter's dropout; `exact` always the
            same number of them.
        groups: Parts of the mini-batch that draw their own units; more of them are closer to plain
            dropout, and slower.
        hold: Training passes for which drawn units are held, at least 1.
        always: Whether to thin however few rows and units there are.
        write_gradients: Whether backward writes gradients of thinned linear weights into `.grad`
            itself: faster where there are groups, and the same for an optimizer. See
            `torchdrop.functional.GradientMemory` for what it rules out.
        matmul: `torch` multiplies by torch's default library; `auto` by the one that is faster for
            the shapes of thinned layers, as measured once on this machine.

    Raises:
        SettingError: If a setting is out of range, or there are groups and a batch norm.

    Example:
        >>> import torch
        >>> from collections import OrderedDict
        >>> layers = (nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
        >>> named = OrderedDict((str(i), layer) for i, layer in enumerate(layers))
        >>> chain = ThinnedSequential(named, always=True)
        >>> chain(torch.ones(3, 4)).sum().backward()
        >>> dropped = (chain[0].weight.grad == 0).all(dim=1)
        >>> bool((chain[3].weight.grad[:, dropped] == 0).all())
        True

    Source:
        Srivastava et al., JMLR 15 (2014), section 1, draws a thinned network for each case;
        Graham, Reizenstein, Robinson, arXiv 1502.02478 (2015), one for each mini-batch.
    """

    def __init__(
        self,
        layers: Mapping[str, nn.Module],
        *,
        count: Count = "binomial",
        groups: int = 1,
        hold: int = 1,
        always: bool = False,
        write_gradients: bool = False,
        matmul: Matmul = "torch",
    ) -> None:
        for name, value in (("groups", groups), ("hold", hold)):
            if value < 1:
                raise SettingError(f"{name} is at least 1; got {value}.")
        if count not in ("binomial", "exact"):
            raise SettingError(f"count is 'binomial' or 'exact'; got {count!r}.")
        if matmul not in get_args(Matmul):
            raise SettingError(f"matmul is 'torch' or 'auto'; got {matmul!r}.")
        super().__init__(OrderedDict(layers))
        if groups > 1 and any(isinstance(layer, NORMS) for layer in self):
            raise SettingError(
                "groups of a batch cannot share a batch norm, whose statistics are of all rows; "
                "use groups=1, or LayerNorm."
            )
        self.count: Count = count
        self.groups, self.hold, self.always = groups, hold, always
        self.write_gradients, self.matmul = write_gradients, matmul
        self.gradient_memory = GradientMemory(writes=write_gradients)
        self._state = _State()

    def forward(self, input: Tensor) -> Tensor:
        """Run the chain; in training, only the units that are kept."""
        plan = self._plan_now()
        if not plan.sites:
            whole: Tensor = super().forward(input)  # type: ignore[no-untyped-call]
            return whole
        flat = input.flatten(0, -2) if plan.rowwise and input.ndim > 1 else input
        draws = self._draw(plan, flat)
        parts = flat.tensor_split(self.groups) if self.groups > 1 else (flat,)
        parts = tuple(x for x in parts if len(x)) or (flat,)
        if plan.rowwise and not self._thinned(plan, len(parts[0])):
            y = _run_aside(plan, draws, flat, [len(x) for x in parts])
        else:
            done = [self._run(plan, draws, x, group) for group, x in enumerate(parts)]
            y = done[0] if len(done) == 1 else torch.cat(done)
        return y.reshape(*input.shape[:-1], -1) if input.ndim != flat.ndim else y

    def thins(self, rows: int) -> tuple[str, ...]:
        """Say which dropout layers' units need not be computed in training.

        Args:
            rows: Rows that a linear layer gets at once: of the mini-batch, or of a group's part.

        Returns:
            Names of layers, in order; none where all of the chain steps aside, or nothing drops.
        """
        names, plan = list(self._modules), self._plan_of_training()
        return tuple(names[i] for i in self._thinned(plan, rows))

    def _plan_now(self) -> Plan:
        layers, state = list(self), self._state
        for known in (state.plan, state.idle):
            if known is not None and known.holds(layers, self.groups, self.count):
                return known
        new = plan(layers, self.groups, self.count)
        if new.sites:
            state.plan, state.passes = new, 0
        else:
            state.idle = new
        return new

    def _plan_of_training(self) -> Plan:
        return plan(list(self), self.groups, self.count, training=True)

    def _thinned(self, plan: Plan, rows: int) -> list[int]:
        return [i for i, n in plan.sites.items() if self.always or rows >= plan.least[n]]

    def _draw(self, plan: Plan, x: Tensor) -> UnitDraws:
        state = self._state
        held = state.held
        if held is None or held.layers is not plan.units or state.passes % self.hold == 0:
            held = state.held = plan.units.draw(seeds_for(x, len(plan.units)), x.dtype)
        state.passes += 1
        return held

    def _run(self, plan: Plan, draws: UnitDraws, x: Tensor, group: int) -> Tensor:
        kept: KeptUnits | None = None
        thin = False
        for place, layer in enumerate(plan.layers):
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                columns, kept = kept if thin else None, None
                thin, site = False, plan.sources.get(place)
                if site is not None:
                    kept = draws.kept(site, group, least=0 if plan.rowwise else 1)
                    thin = self.always or _rows(x) >= plan.least[site]
                x = self._weigh(layer, x, kept if thin else None, columns)
            elif kept is not None and place in plan.sites:
                x = _activated(layer, x)
                if not thin:
                    factors = draws.factors(plan.sites[place], _exact(x))[group : group + 1]
                    x = _drop(x, factors, [len(x)])
                elif not kept.factor or type(layer) in CHANNELS:
                    x = _scale(x, kept.factor)  # else the next product does it
            elif kept is not None and isinstance(layer, NORMS):
                x = _normalize(layer, x, kept.numbers, thin)
            else:
                x = layer(x)
        return x

    def _weigh(
        self, layer: nn.Module, x: Tensor, rows: KeptUnits | None, columns: KeptUnits | None
    ) -> Tensor:
        if rows is None and columns is None:
            result: Tensor = layer(x)
            return result
        numbers = (rows.numbers if rows else None), (columns.numbers if columns else None)
        if isinstance(layer, nn.Conv2d):
            return _convolve(layer, x, *numbers)
        if not isinstance(layer, nn.Linear):
            raise TypeError(f"a thinned layer is a Linear or a Conv2d; got {type(layer).__name__}")
        routes = TORCH
        if self.matmul == "auto":
            usual = [
                kept.usual if kept else whole
                for kept, whole in ((columns, layer.in_features), (rows, layer.out_features))
            ]
            routes = choose_routes(_rows(x), *usual, dtype=x.dtype, device=x.device)
        return thinned_linear(
            *(x, layer.weight, layer.bias, *numbers),
            factor=(columns.factor if columns else 0.0) or 1.0,
            memory=self.gradient_memory,
            routes=routes,
        )

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        settings = f"count={self.count!r}, groups={self.groups}, hold={self.hold}"
        settings += ", write_gradients=True" if self.write_gradients else ""
        settings += f", matmul={self.matmul!r}" if self.matmul != "torch" else ""
        if self.always:
            return f"{settings}, always=True"
        plan, names = self._plan_of_training(), list(self._modules)
        least = {place: plan.least[site] for place, site in plan.sites.items()}
        counts = sorted(set(least.values()) - {0})
        named = ((", ".join(names[i] for i in least if least[i] == n), n) for n in counts)
        return "; ".join((settings, *(f"thins {sites} from {n} rows" for sites, n in named)))


def _activated(layer: nn.Module, x: Tensor) -> Tensor:
    """What the dropout layer does before it drops."""
    return layer.activate(x) if isinstance(layer, ActivationDropout) else x


def _rows(x: Tensor) -> int:
    return x.numel() // max(1, x.shape[-1])


def _convolve(layer: nn.Conv2d, x: Tensor, *numbers: Tensor | None) -> Tensor:
    settings: dict[str, Any] = {
        "stride": layer.stride,
        "padding": layer.padding,
        "dilation": layer.dilation,
    }
    return thinned_convolution(x, layer.weight, layer.bias, *numbers, **settings)


def _run_aside(plan: Plan, draws: UnitDraws, x: Tensor, sizes: list[int]) -> Tensor:
    """Compute all units of all groups at once, and drop those that each group does not keep."""
    for place, layer in enumerate(plan.layers):
        if place in plan.sites:
            x = _activated(layer, x)
            x = _drop(x, draws.factors(plan.sites[place], _exact(x)), sizes)
        else:
            x = layer(x)
    return x


def _exact(x: Tensor) -> torch.dtype:
    """The dtype of factors for `x`: in half precision they would be off in the third digit."""
    return x.dtype if x.dtype in _EXACT else torch.float32


def _drop(x: Tensor, factors: Tensor, sizes: list[int]) -> Tensor:
    """Multiply units by their group's factors, where all were computed.

    Shapes are `(rows, units)`, `(groups, units)`, and rows of each group.
    """
    if len(sizes) == 1:
        y = x * factors[0]
    elif x.ndim > 1 and len(set(sizes)) == 1:
        y = (x.view(len(sizes), -1, *x.shape[1:]) * factors[: len(sizes), None]).flatten(0, 1)
    else:
        parts = zip(torch.split(x, sizes), factors[: len(sizes)], strict=True)
        y = torch.cat([part * own for part, own in parts])
    return y.to(x.dtype)


def _scale(x: Tensor, factor: float) -> Tensor:
    """Multiply, and make 0 of everything, infinities too, where no unit is kept."""
    return x * factor if factor else x.masked_fill(x.new_ones((), dtype=torch.bool), 0.0)


def _normalize(
    layer: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor, numbers: Tensor, thin: bool
) -> Tensor:
    """Normalize the kept channels, or all of them, and move statistics of the kept ones alone."""
    rows = numbers if thin else torch.arange(layer.num_features, device=x.device)
    own = [None if s is None else s[rows] for s in (layer.running_mean, layer.running_var)]
    weight, bias = (
        None if value is None else take_part(value, rows if thin else None)
        for value in (layer.weight, layer.bias)
    )
    momentum = layer.momentum or 0.0
    if layer.training and layer.num_batches_tracked is not None:
        layer.num_batches_tracked.add_(1)
        if layer.momentum is None:
            momentum = 1.0 / float(layer.num_batches_tracked)
    batch = layer.training or own[0] is None
    y = F.batch_norm(x, own[0], own[1], weight, bias, batch, momentum, layer.eps)
    for whole, part in zip((layer.running_mean, layer.running_var), own, strict=True):
        if layer.training and whole is not None and part is not None:
            whole[numbers] = part if thin else part[numbers]
    return y
