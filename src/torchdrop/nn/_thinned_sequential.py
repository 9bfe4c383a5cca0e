"""A chain of layers that computes only the units that its dropout keeps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import SettingError
from ..functional import (
    Count,
    GradientMemory,
    check_probability,
    kept_units,
    take_part,
    thinned_convolution,
    thinned_linear,
)
from ..kernels import TORCH, Matmul, choose_routes, seed_for, select_columns
from ._activation_dropout import ActivationDropout
from ._thinned_sites import CHANNELS, NORMS, ROWWISE, sites_to_thin
from ._thinning_pays import least_rows


@dataclass
class _Kept:
    """Units of the layer at work that are kept: their numbers, and the factor still to apply.

    `usual` is how many are kept on average.
    """

    numbers: Tensor
    factor: float
    usual: int


@dataclass(frozen=True)
class _Chain:
    """Linear layers joined by dropout that drops."""

    sites: tuple[int, ...] = ()
    widths: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()

    def longer(self, layer: nn.Linear, site: int, p: float) -> _Chain:
        """The chain with another layer, and the dropout behind it, if any."""
        widths = (*(self.widths or (layer.in_features,)), layer.out_features)
        sites = (*self.sites, site) if site else self.sites
        return _Chain(sites, widths, (*(self.rates or (0.0,)), p))


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
        self._memory = GradientMemory(writes=write_gradients)
        self._held: dict[tuple[int, int], _Kept] = {}
        self._passes = 0

    def forward(self, input: Tensor) -> Tensor:
        """Run the chain; in training, only the units that are kept."""
        layers = list(self)
        active = _active(layers)
        if not active:
            whole: Tensor = super().forward(input)  # type: ignore[no-untyped-call]
            return whole
        if self._passes % self.hold == 0:
            self._held = {}
        self._passes += 1
        rowwise = all(isinstance(layer, ROWWISE) for layer in layers)
        flat = input.flatten(0, -2) if rowwise and input.ndim > 1 else input
        parts = flat.tensor_split(self.groups) if self.groups > 1 else (flat,)
        parts = tuple(x for x in parts if len(x)) or (flat,)
        if len(parts) > 1 and rowwise and not self._thins(layers, active, len(parts[0])):
            y = self._run_aside(layers, active, flat, [len(x) for x in parts])
        else:
            done = [self._run(layers, active, x, group) for group, x in enumerate(parts)]
            y = done[0] if len(done) == 1 else torch.cat(done)
        return y.reshape(*input.shape[:-1], -1) if input.ndim != flat.ndim else y

    def thins(self, rows: int) -> tuple[str, ...]:
        """Say which dropout layers' units need not be computed in training.

        Args:
            rows: Rows that a linear layer gets at once: of the mini-batch, or of a group's part.

        Returns:
            Names of layers, in order; none where all of the chain steps aside, or nothing drops.
        """
        layers, names = list(self), list(self._modules)
        active = _active(layers, training=True)
        return tuple(names[i] for i in self._thins(layers, active, rows))

    def _thins(self, layers: list[nn.Module], active: list[int], rows: int) -> list[int]:
        least = _least_rows(layers, active, self.groups)
        return [i for i in active if self.always or rows >= least[i]]

    def _run_aside(
        self, layers: list[nn.Module], active: list[int], x: Tensor, sizes: list[int]
    ) -> Tensor:
        """Compute all units of all groups at once, and select those of each group."""
        for group, (place, layer) in product(range(len(sizes)), enumerate(layers)):
            if isinstance(layer, nn.Linear) and (site := _site_of(layers, active, place)):
                self._draw(layers[site], layer.out_features, x, (site, group))
        for place, layer in enumerate(layers):
            x = layer(x) if place not in active else _activated(layer, x)
            if place in active:
                kept = [self._held[place, group] for group in range(len(sizes))]
                parts = zip(x.split(sizes), kept, strict=True)
                x = torch.cat([_drop(part, own) for part, own in parts])
        return x

    def _run(self, layers: list[nn.Module], active: list[int], x: Tensor, group: int) -> Tensor:
        least = _least_rows(layers, active, self.groups)
        kept: _Kept | None = None
        thin = False
        for place, layer in enumerate(layers):
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                columns = kept if thin else None
                site = _site_of(layers, active, place)
                kept = (
                    self._draw(layers[site], len(layer.weight), x, (site, group)) if site else None
                )
                thin = kept is not None and (self.always or _rows(x) >= least[site])
                x = self._weigh(layer, x, kept if thin else None, columns)
            elif kept is not None and place in active:
                x = _activated(layer, x)
                if not thin:
                    x = _drop(x, kept)
                elif not kept.factor or type(layer) in CHANNELS:
                    x = _scale(x, kept.factor)  # else the next product does it
            elif kept is not None and isinstance(layer, NORMS):
                x = _normalize(layer, x, kept.numbers, thin)
            else:
                x = layer(x)
        return x

    def _draw(self, layer: nn.Module, units: int, x: Tensor, key: tuple[int, int]) -> _Kept:
        if key not in self._held:
            drawn = kept_units(units, _rate(layer), seed_for(x), x.device, count=self.count)
            if not len(drawn[0]):  # one is computed and multiplied by 0: convolutions refuse none
                drawn = x.new_zeros(1, dtype=torch.int64), 0.0
            self._held[key] = _Kept(*drawn, max(1, round((1 - _rate(layer)) * units)))
        return self._held[key]

    def _weigh(
        self, layer: nn.Module, x: Tensor, rows: _Kept | None, columns: _Kept | None
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
            memory=self._memory,
            routes=routes,
        )

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        settings = f"count={self.count!r}, groups={self.groups}, hold={self.hold}"
        settings += ", write_gradients=True" if self.write_gradients else ""
        settings += f", matmul={self.matmul!r}" if self.matmul != "torch" else ""
        if self.always:
            return f"{settings}, always=True"
        layers, names = list(self), list(self._modules)
        least = _least_rows(layers, _active(layers, training=True), self.groups)
        counts = sorted(set(least.values()) - {0})
        named = ((", ".join(names[i] for i in least if least[i] == n), n) for n in counts)
        return "; ".join((settings, *(f"thins {sites} from {n} rows" for sites, n in named)))


def _active(layers: list[nn.Module], *, training: bool | None = None) -> list[int]:
    """Places of the dropout layers to thin that drop anything now, or would in training."""
    sites = sites_to_thin(layers)
    return [i for i in sites if (training or layers[i].training) and _rate(layers[i]) > 0]


def _least_rows(layers: list[nn.Module], active: list[int], groups: int) -> dict[int, int]:
    """Rows from which units of each site are not computed, the same for sites of one chain."""
    least, chain = dict.fromkeys(active, 0), _Chain()
    for place, layer in enumerate(layers):
        if type(layer) is not nn.Linear:
            continue
        site = _site_of(layers, active, place)
        chain = chain.longer(layer, site, _rate(layers[site]) if site else 0.0)
        if not site:
            least |= dict.fromkeys(chain.sites, least_rows(chain.widths, chain.rates, groups))
            chain = _Chain()
    return least


def _site_of(layers: list[nn.Module], active: list[int], place: int) -> int:
    """Place of the dropout that drops units of the layer at `place`; 0 if there is none."""
    for i, layer in enumerate(layers[place + 1 :], start=place + 1):
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            break
        if i in active:
            return i
    return 0


def _rate(layer: Any) -> float:
    p = float(layer.p)
    check_probability(p)
    return p


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


def _drop(x: Tensor, kept: _Kept) -> Tensor:
    """Drop all but the kept units, where all were computed."""
    return select_columns(x, kept.numbers, kept.factor) if kept.factor else _scale(x, 0.0)


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
