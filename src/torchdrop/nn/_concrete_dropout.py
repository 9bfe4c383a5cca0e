"""The layer that learns how often to drop, and the cost of that."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ..errors import ModelError
from ..functional import (
    check_probability,
    check_temperature,
    concrete_dropout,
    concrete_kl,
    log_odds,
)


class ConcreteDropout(nn.Module):
    """Layer form of `torchdrop.functional.concrete_dropout`, active in training mode only.

    Holds the log-odds of dropping as the parameter `p_logit`, which the optimizer learns with the
    weights. The loss alone drives p where it fits the training data best; add
    `concrete_regularizer(model) / N` for N training samples, which asks for the rate that N
    samples justify.

    Args:
        p: Probability of dropping at the start, in `[0, 1]`; the gradient vanishes at both ends,
            where p stays.
        temperature: Softness of the mask, above 0.
        dims: Axes along which draws are independent; along the others the mask is shared. `None`
            means all axes.

    Raises:
        SettingError: If `p` lies outside `[0, 1]` or the temperature is not above 0.

    Example:
        >>> import torch
        >>> layer = ConcreteDropout(0.2)
        >>> round(layer.p.item(), 6), list(layer.state_dict())
        (0.2, ['p_logit'])
        >>> x = torch.ones(2, 3)
        >>> layer.eval()(x) is x
        True

    Source:
        Gal, Hron and Kendall, "Concrete Dropout", NeurIPS 2017. The authors' PyTorch notebook
        wraps a layer and is random in evaluation too; this layer obeys its mode.
    """

    def __init__(
        self, p: float = 0.1, *, temperature: float = 0.1, dims: tuple[int, ...] | None = None
    ) -> None:
        check_probability(p)
        check_temperature(temperature)
        super().__init__()
        self.p_logit = nn.Parameter(torch.tensor(log_odds(p)))
        self.temperature = temperature
        self.dims = dims

    @property
    def p(self) -> Tensor:
        """Probability of dropping now: a tensor without axes, with a gradient for `p_logit`."""
        return torch.sigmoid(self.p_logit)

    def regularizer(
        self, weight: Tensor, *, length_scale: float = 1.0, units: int | None = None
    ) -> Tensor:
        """Give `torchdrop.functional.concrete_kl` for this layer's rate.

        Args:
            weight: Of the layer that takes this layer's output, `(out, in, ...)`.
            length_scale: Inverse of the prior's standard deviation.
            units: How many units are dropped independently; `None` means `weight.shape[1]`.

        Returns:
            A tensor without axes; divide it by the number of training samples.
        """
        return concrete_kl(self.p_logit, weight, length_scale=length_scale, units=units)

    def forward(self, input: Tensor) -> Tensor:
        """Apply `concrete_dropout` with this layer's rate and mode."""
        return concrete_dropout(
            input,
            self.p_logit,
            training=self.training,
            temperature=self.temperature,
            dims=self.dims,
        )

    def extra_repr(self) -> str:
        """Show the settings and the current rate in `print(model)`."""
        dims = "" if self.dims is None else f", dims={self.dims}"
        return f"p={float(self.p.detach()):.4g}, temperature={self.temperature}{dims}"


def concrete_regularizer(model: nn.Module, *, length_scale: float = 1.0) -> Tensor:
    """Sum `ConcreteDropout.regularizer` over a model, each with the layer that comes next.

    The next layer is the one right behind in the same `torch.nn.Sequential`, nested ones unrolled;
    it must be a Linear or a convolution. Elsewhere the order of calls is not known to anyone but
    `forward`: there, sum up `layer.regularizer(next_layer.weight)` by hand.

    Args:
        model: Holds at least one `ConcreteDropout`.
        length_scale: Inverse of the prior's standard deviation, the same for all weights.

    Returns:
        A tensor without axes. Add it, divided by the number of training samples, to a loss that is
        the mean negative log likelihood.

    Raises:
        ModelError: If there is no `ConcreteDropout`, or one without a known next layer.

    Example:
        >>> from torch import nn
        >>> first, last = ConcreteDropout(0.1), nn.Linear(4, 2)
        >>> total = concrete_regularizer(nn.Sequential(nn.ReLU(), first, last))
        >>> bool(total == first.regularizer(last.weight))
        True
    """
    terms = [
        layer.regularizer(_weight_of(follower, layer), length_scale=length_scale)
        for chain in _chains(model)
        for layer, follower in zip(chain, [*chain[1:], None], strict=True)
        if isinstance(layer, ConcreteDropout)
    ]
    if not terms:
        raise ModelError("the model holds no ConcreteDropout layer; there is nothing to sum up.")
    return torch.stack(terms).sum()


def _weight_of(follower: nn.Module | None, layer: ConcreteDropout) -> Tensor:
    if isinstance(follower, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        return follower.weight
    found = "nothing that is known" if follower is None else type(follower).__name__
    raise ModelError(
        f"ConcreteDropout({layer.extra_repr()}) is followed by {found}, not by a Linear or a "
        "convolution in the same Sequential; sum up layer.regularizer(weight) by hand."
    )


def _chains(module: nn.Module) -> Iterator[list[nn.Module]]:
    """Every run of layers that are known to be called one after the other."""
    chain = list(_unrolled(module))
    yield chain
    for part in chain:
        for child in part.children():
            yield from _chains(child)


def _unrolled(module: nn.Module) -> Iterator[nn.Module]:
    # The exact type: a subclass may call its layers in another order.
    if type(module) is not nn.Sequential:
        yield module
        return
    for child in module:
        yield from _unrolled(child)
