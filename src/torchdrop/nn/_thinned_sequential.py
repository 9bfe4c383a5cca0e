"""A chain of layers that computes only the units that its dropout keeps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from ..kernels import seed_for
from ._activation_dropout import ActivationDropout
from ._channels import Dropout2d
from ._dropout import Dropout
from ._thinning_pays import least_rows

_POINTWISE = (
    *(nn.Identity, nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.ELU),
    *(nn.SELU, nn.CELU, nn.Softplus, nn.ReLU6, nn.Hardswish, nn.Mish),
)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_CHANNELS = (nn.Dropout2d, Dropout2d)
_ROWWISE = (*_POINTWISE, nn.Linear, nn.LayerNorm, nn.Dropout)


@dataclass
class _Kept:
    """Units of the layer at work that are kept: their numbers, and the factor still to apply."""

    numbers: Tensor
    factor: float


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
            itself, in memory that is used again in every step: faster, and the same for an
            optimizer. See `torchdrop.functional.GradientMemory` for what it rules out.

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
    ) -> None:
        for name, value in (("groups", groups), ("hold", hold)):
            if value < 1:
                raise SettingError(f"{name} is at least 1; got {value}.")
        if count not in ("binomial", "exact"):
            raise SettingError(f"count is 'binomial' or 'exact'; got {count!r}.")
        super().__init__(OrderedDict(layers))
        if groups > 1 and any(isinstance(layer, _NORMS) for layer in self):
            raise SettingError(
                "groups of a batch cannot share a batch norm, whose statistics are of all rows; "
                "use groups=1, or LayerNorm."
            )
        self.count: Count = count
        self.groups, self.hold, self.always = groups, hold, always
        self.write_gradients = write_gradients
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
        rowwise = all(isinstance(layer, _ROWWISE) for layer in layers)
        flat = input.flatten(0, -2) if rowwise and input.ndim > 1 else input
        parts = flat.tensor_split(self.groups) if self.groups > 1 else (flat,)
        parts = tuple(x for x in parts if len(x)) or (flat,)
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
        least = _least_rows(layers, active)
        return tuple(names[i] for i in active if self.always or rows >= least[i])

    def _run(self, layers: list[nn.Module], active: list[int], x: Tensor, group: int) -> Tensor:
        least = _least_rows(layers, active)
        kept: _Kept | None = None
        thin = False
        for place, layer in enumerate(layers):
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                columns = kept if thin else None
                site = _site_of(layers, active, place)
                kept = (
                    self._draw(layers[site], len(layer.weight), x, (site, group)) if site else None
                )
                rows = x.numel() // max(1, x.shape[-1])
                thin = kept is not None and (self.always or rows >= least[site])
                x = _weigh(layer, x, kept if thin else None, columns, self._memory)
            elif kept is not None and place in active:
                x = _activated(layer, x)
                if not thin:
                    x = _select(x, kept)
                elif not kept.factor or type(layer) in _CHANNELS:
                    x = _scale(x, kept.factor)  # else the next layer's product does it
            elif kept is not None and isinstance(layer, _NORMS):
                x = _normalize(layer, x, kept.numbers, thin)
            else:
                x = layer(x)
        return x

    def _draw(self, layer: nn.Module, units: int, x: Tensor, key: tuple[int, int]) -> _Kept:
        if key not in self._held:
            drawn = kept_units(units, _rate(layer), seed_for(x), x.device, count=self.count)
            # Where none is kept, one is computed and multiplied by 0: convolutions refuse none.
            none = x.new_zeros(1, dtype=torch.int64), 0.0
            self._held[key] = _Kept(*(drawn if len(drawn[0]) else none))
        return self._held[key]

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        settings = f"count={self.count!r}, groups={self.groups}, hold={self.hold}"
        settings += ", write_gradients=True" if self.write_gradients else ""
        if self.always:
            return f"{settings}, always=True"
        layers, names = list(self), list(self._modules)
        least = _least_rows(layers, _active(layers, training=True))
        counts = sorted(set(least.values()) - {0})
        named = ((", ".join(names[i] for i in least if least[i] == n), n) for n in counts)
        return "; ".join((settings, *(f"thins {sites} from {n} rows" for sites, n in named)))


def sites_to_thin(layers: list[nn.Module]) -> list[int]:
    """Find the dropout layers of a chain whose units need not be computed.

    Args:
        layers: In order.

    Returns:
        Places of dropout layers that stand between two Linear, or two Conv2d, with nothing but
        element-wise activations (and a batch norm) before them since the first.
    """
    return [i for i, layer in enumerate(layers) if _is_dropout(layer) and _fits(layers, i)]


def _active(layers: list[nn.Module], *, training: bool | None = None) -> list[int]:
    """Places of the dropout layers to thin that drop anything now, or would in training."""
    sites = sites_to_thin(layers)
    return [i for i in sites if (training or layers[i].training) and _rate(layers[i]) > 0]


def _least_rows(layers: list[nn.Module], active: list[int]) -> dict[int, int]:
    """Rows from which units of each site are not computed, the same for sites of one chain."""
    least, chain = dict.fromkeys(active, 0), _Chain()
    for place, layer in enumerate(layers):
        if type(layer) is not nn.Linear:
            continue
        site = _site_of(layers, active, place)
        chain = chain.longer(layer, site, _rate(layers[site]) if site else 0.0)
        if not site:
            least |= dict.fromkeys(chain.sites, least_rows(chain.widths, chain.rates))
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


def _fits(layers: list[nn.Module], place: int) -> bool:
    before = next(
        (x for x in reversed(layers[:place]) if not isinstance(x, (*_POINTWISE, *_NORMS))), None
    )
    after = next((x for x in layers[place + 1 :] if type(x) is not nn.Identity), None)
    if type(layers[place]) in _CHANNELS:
        return _is_plain_convolution(before) and _is_plain_convolution(after)
    return type(before) is nn.Linear and type(after) is nn.Linear


def _is_plain_convolution(layer: nn.Module | None) -> bool:
    return type(layer) is nn.Conv2d and layer.groups == 1 and layer.padding_mode == "zeros"


def _is_dropout(layer: nn.Module) -> bool:
    known = (nn.Dropout, Dropout, ActivationDropout, nn.Dropout2d, Dropout2d)
    scaled = getattr(layer, "scale", "train") == "train"
    return type(layer) in known and scaled and getattr(layer, "dims", None) is None


def _rate(layer: Any) -> float:
    p = float(layer.p)
    check_probability(p)
    return p


def _activated(layer: nn.Module, x: Tensor) -> Tensor:
    """What the dropout layer does before it drops."""
    return layer.activate(x) if isinstance(layer, ActivationDropout) else x


def _weigh(
    layer: nn.Module,
    x: Tensor,
    rows: _Kept | None,
    columns: _Kept | None,
    memory: GradientMemory,
) -> Tensor:
    if rows is None and columns is None:
        result: Tensor = layer(x)
        return result
    numbers = (rows.numbers if rows else None), (columns.numbers if columns else None)
    if isinstance(layer, nn.Linear):
        factor = (columns.factor if columns else 0.0) or 1.0
        return thinned_linear(x, layer.weight, layer.bias, *numbers, factor=factor, memory=memory)
    if not isinstance(layer, nn.Conv2d):
        raise TypeError(f"a thinned layer is a Linear or a Conv2d; got {type(layer).__name__}")
    settings: dict[str, Any] = {
        "stride": layer.stride,
        "padding": layer.padding,
        "dilation": layer.dilation,
    }
    return thinned_convolution(x, layer.weight, layer.bias, *numbers, **settings)


def _select(x: Tensor, kept: _Kept) -> Tensor:
    """Drop all but the kept units, where all were computed."""
    dropped = torch.ones(x.shape[-1], dtype=torch.bool, device=x.device)
    dropped.index_fill_(0, kept.numbers, False)
    return _scale(x, kept.factor).masked_fill_(dropped, 0.0)


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
