"""Two linear layers and the dropout between them, which compute only the units that it keeps.

They are separate layers of a module with a forward of its own, so nothing runs them in order. What
was drawn travels with the data: it is written into the metadata of the autograd node that made a
tensor of kept units, and is looked up there from the next layer on. So there is no state between
calls, and a tensor that came another way is noticed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ModelError, SettingError
from ..functional import Count, GradientMemory, check_probability, kept_units, thinned_linear
from ..kernels import is_plain, seed_for
from ._dropout import Dropout
from ._thinning_pays import least_rows

_KEY = "torchdrop: kept units"


@dataclass(frozen=True, slots=True)
class _Draw:
    """Units that are kept, and the factor for them; `passed` behind the dropout layer."""

    pair: ThinnedPair
    numbers: Tensor
    factor: float
    passed: bool = False


@dataclass(eq=False)
class ThinnedPair:
    """What two linear layers and the dropout layer between them know of each other.

    Attributes:
        first: Computes only the units that are kept.
        dropout: Says which they are. Its mode and p are what counts.
        second: Takes them as its columns.
        count: As in `ThinnedSequential`.
        hold: As in `ThinnedSequential`.
        always: As in `ThinnedSequential`.
        write_gradients: As in `ThinnedSequential`.
        memory: For gradients of both weights.
    """

    first: nn.Linear
    dropout: nn.Dropout
    second: nn.Linear
    count: Count = "binomial"
    hold: int = 1
    always: bool = False
    write_gradients: bool = False
    memory: GradientMemory = field(init=False)
    _held: _Draw | None = None
    _passes: int = 0

    def __post_init__(self) -> None:
        if self.hold < 1:
            raise SettingError(f"hold is at least 1; got {self.hold}.")
        if self.count not in ("binomial", "exact"):
            raise SettingError(f"count is 'binomial' or 'exact'; got {self.count!r}.")
        if self.first.out_features != self.second.in_features:
            raise ModelError(
                f"The second layer takes as many units as the first gives, "
                f"{self.first.out_features}; it takes {self.second.in_features}."
            )
        self.memory = GradientMemory(writes=self.write_gradients)

    @property
    def units(self) -> int:
        """How many units the dropout layer drops from."""
        return self.first.out_features

    @property
    def least(self) -> int:
        """Rows from which units need not be computed."""
        if self.always:
            return 0
        widths = self.first.in_features, self.units, self.second.out_features
        return least_rows(widths, (0.0, float(self.dropout.p), 0.0))

    def thins(self, x: Tensor, *, recorded: bool) -> bool:
        """Whether units are left out now, rather than computed and dropped.

        The same for all layers of one pass.

        Args:
            x: What a layer gets; its last axis is units.
            recorded: Whether autograd records what comes out of it.

        Returns:
            The verdict; never where autograd cannot carry a draw along.
        """
        layers = isinstance(self.dropout, ThinnedDropout) and isinstance(self.second, ThinnedLinear)
        training = self.first.training and self.dropout.training
        if not (recorded and layers and training and is_plain(x) and self.dropout.p > 0):
            return False
        return x.numel() // max(1, x.shape[-1]) >= self.least

    def draw(self, x: Tensor) -> _Draw:
        """Draw units for this pass, or give those that are held.

        Args:
            x: What a layer gets.

        Returns:
            Units that are kept. Where it is none, one with a factor of 0.
        """
        if self.hold > 1 and self._held is not None and self._passes % self.hold:
            self._passes += 1
            return self._held
        p = float(self.dropout.p)
        check_probability(p)
        kept, factor = kept_units(self.units, p, seed_for(x), x.device, count=self.count)
        if not len(kept):
            kept, factor = torch.zeros(1, dtype=torch.int64, device=x.device), 0.0
        draw = _Draw(self, kept, factor)
        if self.hold > 1:
            self._held, self._passes = draw, 1
        return draw

    def refuse(self, layer: str, x: Tensor) -> ModelError:
        """Say that a layer got a tensor of kept units that are not known.

        Args:
            layer: Which one.
            x: What it got.

        Returns:
            The error.
        """
        return ModelError(
            f"The {layer} of a thinned pair takes all {self.units} units, or the kept ones as the "
            f"pair's layers before it gave them; got {x.shape[-1]} units that came another way. "
            f"Run the three one after the other, or do not thin this pair."
        )


class ThinnedLinear(nn.Linear):
    """A linear layer that leaves out units which dropout before or behind it drops.

    `torchdrop.thin` makes it of a `torch.nn.Linear`; until then it is one. Out of training it is
    the plain layer, bit for bit.

    Args:
        *args: As for `torch.nn.Linear`.
        before: The pair that it is the second layer of, if any.
        behind: The pair that it is the first layer of, if any.
        **settings: As for `torch.nn.Linear`.
    """

    def __init__(
        self,
        *args: Any,
        before: ThinnedPair | None = None,
        behind: ThinnedPair | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(*args, **settings)
        self.before, self.behind = before, behind

    def forward(self, input: Tensor) -> Tensor:
        """Compute the units that are kept, from those that were kept."""
        given = self._given(input)
        behind, drawn = self.behind, None
        if behind is not None and behind.thins(input, recorded=self._is_recorded(input)):
            drawn = behind.draw(input)
        if given is None and drawn is None:
            return super().forward(input)
        owner = self.before if behind is None else behind
        numbers = (drawn.numbers if drawn else None), (given.numbers if given else None)
        factor = (given.factor if given else 0.0) or 1.0
        x, weight, bias = (_cast(each, input.device) for each in (input, self.weight, self.bias))
        # A weight that was cast is another one every time, for which no memory is kept.
        memory = owner.memory if owner is not None and weight is self.weight else None
        y = thinned_linear(x, weight, bias, *numbers, factor=factor, memory=memory)
        if drawn is not None:
            _mark(y, drawn)
            if y._base is not None:  # whose node stays where an activation writes into a view
                _mark(y._base, drawn)
        return y

    def _given(self, x: Tensor) -> _Draw | None:
        """Which units are in `x`; `None` if all of them are."""
        if self.before is None or x.shape[-1] == self.in_features:
            return None
        draw = _find(x)
        fits = draw is not None and draw.pair is self.before and draw.passed
        if draw is None or not fits or len(draw.numbers) != x.shape[-1]:
            raise self.before.refuse("second layer", x)
        return draw

    def _is_recorded(self, x: Tensor) -> bool:
        needs = x.requires_grad or any(weight.requires_grad for weight in self.parameters())
        return needs and torch.is_grad_enabled()


class ThinnedDropout(Dropout):
    """Dropout of whole units between two linear layers, of which the first leaves them out.

    `torchdrop.thin` makes it of a dropout layer. All rows of a mini-batch drop the same units.
    Where thinning does not pay, or no gradients are recorded, the first layer computes all of
    them, and they are dropped here; the result is the same.

    Args:
        p: Probability of dropping a unit, in `[0, 1]`.
        inplace: Whether to write the result into the input, where all units are computed.
        pair: The layers around it; `None` for a layer that stands alone.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.
    """

    def __init__(
        self, p: float = 0.5, inplace: bool = False, *, pair: ThinnedPair | None = None
    ) -> None:
        super().__init__(p, inplace, dims=(-1,))
        self.pair = pair

    def forward(self, input: Tensor) -> Tensor:
        """Drop the units that are not kept, if they are there, and scale the others."""
        pair = self.pair
        if pair is None:
            return super().forward(input)
        recorded = input.requires_grad and torch.is_grad_enabled()
        draw = _find(input) if pair.thins(input, recorded=recorded) else None
        if draw is not None and draw.pair is pair and not draw.passed:
            if len(draw.numbers) != input.shape[-1]:
                raise pair.refuse("dropout layer", input)
            # The next layer's product multiplies by the factor, but for the 0 that drops all.
            y = input.view_as(input) if draw.factor else _scale(input, 0.0)
            _mark(y, replace(draw, passed=True))
            return y
        if input.shape[-1] != pair.units:
            raise pair.refuse("dropout layer", input)
        if not self.training or self.p == 0:
            return input
        if pair.count == "binomial" and pair.hold == 1:
            return super().forward(input)  # the same units; compilers can trace it
        draw = pair.draw(input)
        dropped = torch.ones(pair.units, dtype=torch.bool, device=input.device)
        dropped.index_fill_(0, draw.numbers, False)
        return _scale(input, draw.factor).masked_fill(dropped, 0.0)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        text, pair = super().extra_repr(), self.pair
        if pair is None:
            return text
        text += f", count={pair.count!r}, hold={pair.hold}"
        text += ", write_gradients=True" if pair.write_gradients else ""
        return f"{text}, always=True" if pair.always else f"{text}, thins from {pair.least} rows"


def thinned_pair(
    first: nn.Linear,
    dropout: nn.Dropout,
    second: nn.Linear,
    *,
    count: Count = "binomial",
    hold: int = 1,
    always: bool = False,
    write_gradients: bool = False,
) -> tuple[ThinnedLinear, ThinnedDropout, ThinnedLinear]:
    """Build what three layers of a model are to become, so that dropped units are not computed.

    Nothing but element-wise activations may stand between the three where they run. A linear layer
    may be the second of one pair and the first of another.

    Args:
        first: The layer whose units are dropped.
        dropout: What drops them.
        second: The layer that takes them.
        count: As in `ThinnedSequential`.
        hold: As in `ThinnedSequential`.
        always: As in `ThinnedSequential`.
        write_gradients: As in `ThinnedSequential`.

    Returns:
        Layers with the settings of the three, in order, and without weights. They are linked with
        the three, not with each other: `torchdrop.thin` gives the three their classes and settings.

    Raises:
        ModelError: If the second layer takes another number of units than the first gives.
        SettingError: If a setting is out of range.
    """
    pair = ThinnedPair(first, dropout, second, count, hold, always, write_gradients)
    sides = (
        (first, getattr(first, "before", None), pair),
        (second, pair, getattr(second, "behind", None)),
    )
    one, other = (
        ThinnedLinear(x.in_features, x.out_features, before=before, behind=behind, device="meta")
        for x, before, behind in sides
    )
    return one, ThinnedDropout(dropout.p, dropout.inplace, pair=pair), other


def _mark(tensor: Tensor, draw: _Draw) -> None:
    node: Any = tensor.grad_fn
    node.metadata[_KEY] = draw


def _find(tensor: Tensor) -> _Draw | None:
    """Find the nearest draw that a tensor was computed with."""
    todo: deque[Any] = deque([tensor.grad_fn])
    seen: set[Any] = set(todo)
    while todo:
        node = todo.popleft()
        if node is None:
            continue
        draw: _Draw | None = node.metadata.get(_KEY)
        if draw is not None:
            return draw
        new = [before for before, _ in node.next_functions if before not in seen]
        seen.update(new)
        todo.extend(new)
    return None


def _cast(tensor: Any, device: torch.device) -> Any:
    """Give a tensor the dtype of autocast, which casts no backward of our own."""
    if tensor is None or tensor.dtype == torch.float64:
        return tensor
    if not torch.is_autocast_enabled(device.type):
        return tensor
    return tensor.to(torch.get_autocast_dtype(device.type))


def _scale(x: Tensor, factor: float) -> Tensor:
    """Multiply, and make 0 of everything, infinities too, where no unit is kept."""
    return x * factor if factor else x.masked_fill(x.new_ones((), dtype=torch.bool), 0.0)
