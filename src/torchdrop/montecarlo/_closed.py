"""Mean and variance over all masks, where one dropout feeds the Linear that ends a regression."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import ModelError, SettingError
from ..modes import generators_kept, sampling
from ..sites import find_sites
from ._aside import aside
from ._blocks import Block, Data, cut, moved, size_of
from ._draws import Draws
from ._last_linear import LastLinear
from ._passes import call
from ._prediction import Prediction
from ._reading import fitting, reader, task_of
from ._work import OnRows, Work

_ELSE = "Take strategy='auto', which draws samples"


@dataclass(frozen=True)
class _Part:
    """What came of a block."""

    mean: Tensor
    variance: Tensor
    targets: Tensor | None


def closed_form(work: Work, data: Data, on_rows: OnRows | None) -> Prediction:
    """Give the exact moments of each row's value over all masks.

    A value is `sum_j W_ij h_j k_j / (1 - p) + b_i`, with `k_j` of 1 with probability `1 - p` and
    else 0, each by itself. So its mean is `W h + b` and its variance
    `p / (1 - p) * sum_j W_ij^2 h_j^2`.

    Args:
        work: What was asked for.
        data: As `predict` takes them.
        on_rows: Likewise.

    Returns:
        A prediction of no samples.

    Raises:
        SettingError: If the task is a classification.
        ModelError: If anything but one `nn.Dropout` is random, or it does not feed the Linear
            whose output is the model's.
    """
    total, done, parts = size_of(data), 0, list[_Part]()
    with _one_dropout(work.model) as dropout:
        for block in cut(data, work.block, fill=False):
            if not parts:
                _check_task(work, block)
            parts.append(_moments(work, block, dropout))
            done += block.rows
            if on_rows is not None:
                on_rows(done, total)
    targets = [part.targets for part in parts if part.targets is not None]
    mean = torch.cat([part.mean for part in parts])
    return Prediction(
        task="regression",
        mean=mean,
        variance=torch.cat([part.variance for part in parts]),
        weight_scaling=mean.clone(),
        samples=torch.zeros(len(mean), dtype=torch.int64),
        expected_entropy=None,
        votes=None,
        curve=(),
        targets=torch.cat(targets) if targets else None,
        tau=work.tau,
        kept=None,
        seed=work.seed,
        strategy="the closed form: mean and variance over all masks, without samples",
        masks=work.masks,
        exact=True,
    )


def _check_task(work: Work, block: Block) -> None:
    if task_of(work.choice, block.targets) == "classification":
        raise SettingError(
            "the closed form is of a regression, as probabilities of classes have none behind "
            f"their softmax; got a classification. {_ELSE}."
        )


@contextmanager
def _one_dropout(model: nn.Module) -> Iterator[nn.Dropout]:
    """Let a model sample that has one dropout layer at work, and give that."""
    with generators_kept(model), sampling(model):
        found = [x for x in find_sites(model) if x.p != 0 and x.module.training]
        layers = [x.module for x in found]
        if len(found) != 1 or type(layers[0]) is not nn.Dropout or layers[0].p == 1:
            named = ", ".join(f"{x.name or 'the model'} ({x.what}, p={x.p})" for x in found)
            raise ModelError(
                "the closed form needs one nn.Dropout with p below 1, and nothing else that drops; "
                f"got {named or 'none'}. {_ELSE}."
            )
        yield layers[0]


def _moments(work: Work, block: Block, dropout: nn.Dropout) -> _Part:
    draws, seen = Draws(work.model), LastLinear()
    draws.begin([work.seed])
    with seen.watched(work.model, dropout):
        result = call(work.model, moved(block.inputs, work.model))
    with aside():
        output = work.outputs(result) if work.outputs else result
        mean = reader("regression", None)(output)
        if len(mean) != block.rows:
            raise ModelError(f"the model returns {len(mean)} rows for {block.rows} rows of data.")
        variance = _variance(seen, output, dropout, draws.others_drew).reshape(mean.shape)
        if block.targets is None:
            return _Part(mean, variance, None)
        return _Part(mean, variance, fitting(block.targets, mean, "regression"))


def _variance(seen: LastLinear, output: Tensor, dropout: nn.Dropout, random: bool) -> Tensor:
    if random:
        raise ModelError(
            "the closed form needs one nn.Dropout and nothing else that is random; got a forward "
            f"that draws other random numbers too. {_ELSE}."
        )
    if seen.calls != 1:
        raise ModelError(
            f"the closed form needs a dropout layer that is called once; got {seen.calls} calls. "
            f"{_ELSE}."
        )
    end = seen.end(output)
    if end is None:
        raise ModelError(
            "the closed form needs a dropout layer whose output is the input of an nn.Linear "
            "whose output is the model's; got something between them, beside them or behind them "
            f"(outputs= counts). {_ELSE}."
        )
    linear, units = end
    squares = linear.weight.double().square()
    spread = units.double().square() @ squares.T
    return (dropout.p / (1 - dropout.p) * spread).cpu()
