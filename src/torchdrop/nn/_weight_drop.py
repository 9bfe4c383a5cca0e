"""Drop weights of any module, whatever its forward does with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ..errors import ModelError
from ..functional import check_probability, dropout

M = TypeVar("M", bound=nn.Module)


class WeightDrop(nn.Module):
    """Zero each element of a weight with probability `p`, as a parametrization of torch.

    In training, `w * k / q` with `k ~ Bernoulli(q)` for each element and `q = 1 - p`, so the
    expectation is `w`; out of training the very tensor that came in. `weight_drop` registers it
    for a module's weights and sees to it that a weight is the same throughout a call.

    Args:
        p: Probability of dropping an element, in `[0, 1]`. Not the keep rate.
        dims: Axes along which draws are independent; along the others the mask is shared. `None`
            means all axes; `(0,)` drops whole rows.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> drop, weight = WeightDrop(0.5), torch.rand(3, 4)
        >>> drop.eval()(weight) is weight
        True

    Source:
        Merity, Keskar and Socher, ICLR 2018, "Weight-dropped LSTM": DropConnect with one mask for
        the batch and for all time steps.
    """

    def __init__(self, p: float = 0.5, *, dims: tuple[int, ...] | None = None) -> None:
        check_probability(p)
        super().__init__()
        self.p = p
        self.dims = dims
        # None outside of a call, else what this call was given. In a list, since a module would
        # make a parameter its own, and that is what p = 0 gives.
        self._held: list[Tensor] | None = None

    def forward(self, weight: Tensor) -> Tensor:
        """Apply `dropout` to the weight, or give what a call that has begun was given before."""
        if self._held is None:
            return dropout(weight, self.p, training=self.training, dims=self.dims)
        if not self._held:
            self._held += [dropout(weight, self.p, training=self.training, dims=self.dims)]
        return self._held[0]

    def right_inverse(self, weight: Tensor) -> Tensor:
        """Give what is kept when somebody assigns `weight`: the same."""
        return weight

    def hold(self, holding: bool) -> None:
        """Begin or end a call of the module, in which the weight stays the same.

        Args:
            holding: Whether it begins.
        """
        self._held = [] if holding else None

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"p={self.p}" + ("" if self.dims is None else f", dims={self.dims}")


def weight_drop(
    module: M,
    names: str | Sequence[str] | None = None,
    p: float = 0.5,
    *,
    dims: tuple[int, ...] | None = None,
) -> M:
    """Make a module drop elements of its weights in training, in place.

    Each call of the module draws one mask for each weight; all uses within the call see it, such
    as the time steps of an LSTM. Reading `module.weight` outside of a call draws anew in
    training; the weights themselves are `module.parametrizations.weight.original`, the same
    `Parameter` objects as before, so optimizers need not be told. In evaluation the module
    computes what it did before, to the bit.

    Args:
        module: Whose forward reads the weights. `copy.deepcopy` works; pickling the module does
            not, as for all modules parametrized by torch: save its `state_dict`, in which
            `weight` is `parametrizations.weight.original`.
        names: Which parameters. `None` takes the recurrent ones, `weight_hh*`, of torch's
            recurrent layers and cells, and `weight` of all others.
        p: Probability of dropping an element, in `[0, 1]`. Not the keep rate.
        dims: Axes along which draws are independent; `None` means all.

    Returns:
        `module` itself.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.
        ModelError: If a name is no parameter of the module, or dropped already.

    Example:
        >>> import torch
        >>> lstm = weight_drop(torch.nn.LSTM(3, 4), p=0.5)
        >>> print(lstm.parametrizations.weight_hh_l0[0])
        WeightDrop(p=0.5)
        >>> x = torch.rand(5, 2, 3)
        >>> torch.equal(lstm(x)[0], lstm(x)[0])
        False
        >>> type(remove_weight_drop(lstm))
        <class 'torch.nn.modules.rnn.LSTM'>

    Source:
        Merity, Keskar and Socher, "Regularizing and Optimizing LSTM Language Models", ICLR 2018,
        "Weight-dropped LSTM". Differs from awd-lstm and PyTorch-NLP, which replace parameters and
        forward by hand: copies, modes and lists of parameters work here as for any module.
    """
    check_probability(p)
    order = list(module._parameters)
    _own_class(module)
    for name in _checked_names(module, names):
        # Unsafe, since torch's check would draw a mask from the generator.
        drop = WeightDrop(p, dims=dims)
        parametrize.register_parametrization(module, name, drop, unsafe=True)
    if _UNDO not in vars(module):
        begin = module.register_forward_pre_hook(_begin)
        end = module.register_forward_hook(_end, always_call=True)
        setattr(module, _UNDO, (order, begin, end))
    if isinstance(module, nn.RNNBase):
        _read_weights_when_used(module)
    return module


def remove_weight_drop(module: M) -> M:
    """Undo `weight_drop`, in place: the weights are plain parameters again.

    Args:
        module: Any module; left as it is if it drops no weights. Other parametrizations of a
            dropped weight are not taken apart.

    Returns:
        `module` itself.

    Raises:
        ModelError: If a dropped weight has another parametrization besides.

    Example:
        >>> from torch import nn
        >>> layer = remove_weight_drop(weight_drop(nn.Linear(3, 4)))
        >>> sorted(layer.state_dict())
        ['bias', 'weight']
    """
    names = [name for name, _ in _drops(module)]
    if not names:
        return module
    if any(len(_parametrizations(module)[name]) > 1 for name in names):
        raise ModelError(
            f"The weights {names} have other parametrizations besides WeightDrop; call "
            "torch.nn.utils.parametrize.remove_parametrizations, which removes them together."
        )
    _own_class(module)
    for name in names:
        parametrize.remove_parametrizations(module, name, leave_parametrized=False)
    order, *handles = getattr(module, _UNDO)
    delattr(module, _UNDO)
    for handle in handles:
        handle.remove()
    # Optimizers load their state by the order of the parameters.
    for name in [name for name in order if name in module._parameters]:
        module._parameters[name] = module._parameters.pop(name)
    if isinstance(module, nn.RNNBase):
        if "_flat_weights" in vars(type(module)):
            delattr(type(module), "_flat_weights")
        module._init_flat_weights()
    return module


_UNDO = "_weight_drop_undo"


def _begin(module: nn.Module, arguments: object) -> None:
    # Drawn here, since a first use without gradients must not decide for the second.
    with torch.enable_grad():
        for name, drop in _drops(module):
            if drop.training:
                drop.hold(True)
                getattr(module, name)


def _end(module: nn.Module, arguments: object, output: object) -> None:
    for _, drop in _drops(module):
        drop.hold(False)


def _parametrizations(module: nn.Module) -> Any:
    return module.parametrizations if parametrize.is_parametrized(module) else {}


def _drops(module: nn.Module) -> list[tuple[str, WeightDrop]]:
    return [
        (name, drop)
        for name, drops in _parametrizations(module).items()
        for drop in drops
        if isinstance(drop, WeightDrop)
    ]


def _checked_names(module: nn.Module, names: str | Sequence[str] | None) -> list[str]:
    dropped = {name for name, _ in _drops(module)}
    there = [name for name, _ in module.named_parameters(recurse=False)]
    there += list(_parametrizations(module))
    if names is None:
        recurrent = isinstance(module, (nn.RNNBase, nn.RNNCellBase))
        start = "weight_hh" if recurrent else "weight"
        names = [name for name in there if name == start or (recurrent and name.startswith(start))]
    names = [names] if isinstance(names, str) else list(names)
    if not names or not set(names) <= set(there):
        raise ModelError(
            f"Weights to drop are parameters of the module itself; got names={names} for "
            f"{type(module).__name__}, which has {there}."
        )
    if dropped & set(names):
        raise ModelError(
            f"The weights {sorted(dropped & set(names))} are dropped already; change the p of "
            "the WeightDrop, or call remove_weight_drop first."
        )
    return names


def _own_class(module: nn.Module) -> None:
    """Give a parametrized module a class of its own.

    The weights are properties of the class that torch made for the module; a deep copy shares
    that class, so that a change to the one would be a change to the other.
    """
    if parametrize.is_parametrized(module):
        cls = type(module)
        module.__class__ = type(cls.__name__, cls.__bases__, dict(vars(cls)))


def _read_weights_when_used(module: nn.RNNBase) -> None:
    """Keep a recurrent layer from computing with weights that it read before.

    Torch's layers keep a list of their weights. Dropped ones would be those of an earlier call,
    and hold on to its graph, with which a module cannot be copied.
    """

    def read(self: nn.RNNBase) -> list[Tensor | None]:
        return [getattr(self, name, None) for name in self._flat_weights_names]

    def ignore(self: nn.RNNBase, weights: object) -> None:
        pass

    vars(module).pop("_flat_weights", None)
    type(module)._flat_weights = property(read, ignore)  # type: ignore[assignment]
