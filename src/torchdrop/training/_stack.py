"""Networks of one architecture as one: parameters stacked along a new first axis.

What differs between members is data: weights, buffers, the p of each dropout layer and the seed of
each mask. So a member computes what it would alone, whatever else is in the stack.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ..functional import training_factor
from ..kernels import Routes, given_seeds, keep_probability, keep_threshold
from ..modes import evaluating, training
from ..surgery import ConstantRate, convert_, schedule
from ._loop import CONSTRAINED
from ._stack_layers import Pass, has_rate, steps_of
from ._stack_rows import StackRows

_MOST_DRAWS = 4096


class Stack:
    """Networks of one architecture with parameters stacked; see `why_not_stacked` for which.

    Args:
        models: Networks that differ in weights and in the p of their dropout layers. They give
            their weights and are not changed.
        x: A batch that they take, of two rows or more, to count the draws on.
        routes: Which library multiplies in a linear layer, by its name, when a member is alone.

    Attributes:
        parameters: By name; leaf tensors of shape `(M, ...)`, views of `rows`.
        buffers: By name, of shape `(M, ...)`; the p of dropout layers among them, and parameters
            that are frozen.
        rows: What an optimizer steps: all parameters of a dtype as one matrix, a member a row.
        draws: How many seeds a pass in training mode takes.
    """

    parameters: dict[str, Tensor]
    buffers: dict[str, Tensor]
    rows: StackRows
    draws: int

    def __init__(
        self, models: Sequence[nn.Module], x: Tensor, routes: Mapping[str, Routes] | None = None
    ) -> None:
        members = [_with_rates_as_buffers(model) for model in models]
        self._template = members[0]
        self._steps = steps_of(self._template, routes or {})
        stacked, buffers = torch.func.stack_module_state(members)
        self.rows = StackRows({n: value for n, value in stacked.items() if value.requires_grad})
        self.parameters = self.rows.views
        frozen = {n: value for n, value in stacked.items() if not value.requires_grad}
        self.buffers = {**buffers, **frozen}
        self._read_rates()
        self.draws = self._count_draws(x)

    def _read_rates(self) -> None:
        self._thresholds, self._factors, self._shares = {}, {}, {}
        for name, layer in self._template.named_modules():
            if has_rate(layer):
                p = self.buffers[f"{name}.p" if name else "p"]
                self._thresholds[name] = torch.as_tensor(keep_threshold(p))
                self._factors[name] = torch.as_tensor(training_factor(p, layer.scale))
                self._shares[name] = torch.as_tensor(keep_probability(p))

    def _count_draws(self, x: Tensor) -> int:
        seeds = torch.zeros(len(self), _MOST_DRAWS, dtype=torch.int64)
        run = self._pass(seeds)
        run.buffers = {name: value.clone() for name, value in self.buffers.items()}
        with training(self._template), torch.no_grad():
            self._run(x.expand(len(self), *x.shape), run)
        return run.taken

    def __len__(self) -> int:
        return len(next(iter(self.parameters.values())))

    def train(self, x: Tensor, seeds: Tensor) -> Tensor:
        """Pass a batch of each member's own through it, in training mode.

        Args:
            x: Shape `(M, B, ...)`.
            seeds: int64, shape `(M, draws)`: a seed for each mask.

        Returns:
            Outputs, shape `(M, B, ...)`.
        """
        with training(self._template):
            return self._run(x, self._pass(seeds))

    def evaluate(self, x: Tensor) -> Tensor:
        """Pass the same rows through every member, in evaluation mode and without gradients.

        Args:
            x: Shape `(B, ...)`.

        Returns:
            Outputs, shape `(M, B, ...)`.
        """
        none = torch.empty(len(self), 0, dtype=torch.int64)
        with evaluating(self._template), torch.no_grad():
            return self._run(x.expand(len(self), *x.shape), self._pass(none))

    def _pass(self, seeds: Tensor) -> Pass:
        rates = self._thresholds, self._factors, self._shares
        return Pass(self.parameters, self.buffers, *rates, seeds)

    def _run(self, x: Tensor, run: Pass) -> Tensor:
        for step in self._steps:
            x = step(x, run)
        return x

    def weights(self, member: int) -> dict[str, Tensor]:
        """Copy one member's weights and buffers, as its own `state_dict` has them."""
        state = {**self.parameters, **self.buffers}
        names = self._template.state_dict()
        return {name: state[name][member].detach().clone() for name in names}

    @torch.no_grad()
    def constrain_norm_(self, max_norm: float) -> None:
        """Do to every member what `training.constrain_norm_` does to a network.

        Args:
            max_norm: Largest norm allowed, above 0.
        """
        for name, module in self._template.named_modules():
            if isinstance(module, CONSTRAINED):
                weight = self.parameters[f"{name}.weight" if name else "weight"]
                units = weight.flatten(0, 1)
                weight.copy_(torch.renorm(units, p=2, dim=0, maxnorm=max_norm).view_as(weight))

    def keep_(self, members: Sequence[int], optimizer: torch.optim.Optimizer) -> None:
        """Take all other members out, and out of the optimizer's state.

        Args:
            members: Which ones stay.
            optimizer: Of `rows.matrices`.
        """
        rows = torch.tensor(members)
        self.rows.keep_(rows, optimizer)
        self.parameters = self.rows.views
        self.buffers = {name: value[rows] for name, value in self.buffers.items()}
        self._read_rates()


def why_not_stacked(models: Sequence[nn.Module], x: Tensor) -> str | None:
    """Say what keeps networks from being trained as one.

    Two of them are stacked and tried: outputs must be those that each has alone, for the same
    seeds.

    Args:
        models: At least one network.
        x: A batch that they take, of two rows or more.

    Returns:
        The reason in words; `None` if they can be.
    """
    shapes = [{name: value.shape for name, value in m.state_dict().items()} for m in models]
    if any(shape != shapes[0] for shape in shapes):
        return "its weights have other names or shapes at another p"
    two = [models[0], models[-1]]
    try:
        stack = Stack(two, x)
        seeds = torch.arange(2 * stack.draws).reshape(2, stack.draws)
        stacked = stack.train(torch.stack([x, x]), seeds)
        alone = [_alone(model, x, own) for model, own in zip(two, seeds, strict=True)]
    except (RuntimeError, ValueError, TypeError, NotImplementedError, StopIteration) as error:
        return f"it cannot be run under torch.vmap ({str(error).splitlines()[0].rstrip('.')})"
    if not all(map(_agree, stacked, alone)):
        return "its output in a stack is not what it is alone"
    return None


def _alone(model: nn.Module, x: Tensor, seeds: Tensor) -> Tensor:
    model = _with_rates_as_buffers(model)
    with training(model), torch.no_grad(), given_seeds(seeds.unbind()):
        result: Tensor = model(x)
    return result


def _agree(stacked: Tensor, alone: Tensor) -> bool:
    return torch.allclose(stacked, alone, rtol=1e-4, atol=1e-5)


def _with_rates_as_buffers(model: nn.Module) -> nn.Module:
    """Copy a network, with torchdrop's dropout layers, and each p in a tensor."""
    model = copy.deepcopy(model)
    convert_(model, fuse=True)
    schedule(model, ConstantRate())
    return model
