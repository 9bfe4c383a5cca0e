"""Predict with dropout on: many samples of every row, summed up as they come."""

from __future__ import annotations

import torch
from torch import nn

from ..errors import SettingError
from ..kernels import SEED_BITS
from ._blocks import Data
from ._closed import closed_form
from ._moments import ClassMoments
from ._passes import Strategy
from ._prediction import Masks, Prediction
from ._reading import Outputs, TaskChoice
from ._work import LEAST, OnRows, Part, Work, in_words


def predict(
    model: nn.Module,
    data: Data,
    samples: int = 50,
    *,
    task: TaskChoice = "auto",
    masks: Masks = "rows",
    until: float | None = None,
    tau: float | None = None,
    keep_samples: bool = False,
    outputs: Outputs | None = None,
    generator: torch.Generator | None = None,
    strategy: Strategy = "auto",
    block: int = 256,
    on_rows: OnRows | None = None,
) -> Prediction:
    """Predict every row many times with dropout on, and sum the samples up.

    The model runs in `modes.sampling`: dropout is on wherever it is, batch norms and everything
    else are as in evaluation; modes, buffers and generators are restored. What the model computes
    before its first random number is computed once for all samples of a block of rows, and plain
    dropout layers draw by torchdrop's kernel; with `strategy="loop"` every pass computes it all,
    with the same samples to the last bit.

    A block of few rows goes through the model several times at once, up to `block` rows and 64
    samples in a pass, if nothing but plain dropout layers is random. Each sample has the masks it
    would have alone. The first and the last are compared with passes of their own, and if they
    differ by more than rounding, as where rows see each other, a pass carries one sample.

    A sample of a row depends on the seed, the sample's number and the row's index, and on `block`;
    not on how the data were batched or by how many workers they are read. Memory does not grow
    with `samples`, unless they are kept.

    With `strategy="closed"` a regression in which the only thing random is one `nn.Dropout`, whose
    output goes into the `nn.Linear` that ends the model, gets the mean and the variance over all
    masks: `W h + b` and `p / (1 - p) * sum_j W_ij**2 h_j**2`. Nothing is drawn but the seed, and
    `samples` says nothing; what is of samples, such as the curve and the likelihood, is left out.

    Args:
        model: Any module that drops something; a classifier returns logits.
        data: A tensor, a `Dataset`, or a `DataLoader`, whose data set is read in its own order.
            Rows are inputs, or inputs and targets.
        samples: Of each row, at least 1; with `until`, at most.
        task: What is predicted; `auto` looks at the targets: whole numbers are classes.
        masks: `rows` draws masks for each row; `shared` one for all rows of a sample, so that it
            is one function of the input. Models whose dropout is not in layers take their rows
            one by one for that.
        until: Stops a row when the standard error of its mean is below, for every value, at the
            earliest after `LEAST` samples. A heuristic: it looks again after every sample.
        tau: Precision of the noise of a regression, in units of `1 / target**2`, for the
            log-likelihood and intervals; above 0.
        keep_samples: Whether to keep them all, `samples * rows * values` numbers.
        outputs: Picks the tensor out of what the model returns.
        generator: Source of the seed, on the CPU; `None` takes torch's own.
        strategy: `auto`; `loop`, the specification; or `closed`, the exact moments.
        block: Rows that go through the model together, at most.
        on_rows: Called with the number of rows done, and of all rows if that is known.

    Returns:
        The prediction, with that of weight scaling beside it.

    Raises:
        SettingError: If a setting is out of range, the task cannot be told, or the closed form is
            asked for a classification or for samples.
        ModelError: If nothing in the model is random, it returns something else, or it has no
            closed form where that is asked for.
        DataError: If there are no rows, or targets do not fit.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 3))
        >>> result = predict(model, torch.randn(10, 4), samples=20, task="classification")
        >>> result.mean.shape, bool((result.mutual_information >= 0).all())
        (torch.Size([10, 3]), True)
        >>> exact = predict(model, torch.randn(10, 4), task="regression", strategy="closed")
        >>> float(exact.standard_error.max())
        0.0

    Source:
        Gal, Ghahramani, "Dropout as a Bayesian approximation", ICML (2016), arXiv 1506.02142;
        Srivastava et al., JMLR 15 (2014), section 7.5. The seed of each sample of a block, the
        shared beginning and the samples that share a pass are ours.
    """
    _check(samples, masks, until, tau, block)
    _check_strategy(strategy, until, keep_samples)
    seed = int(torch.randint(2**SEED_BITS, (), generator=generator))
    work = Work(
        *(model, samples, task, outputs, masks, until, tau, keep_samples, seed, strategy, block)
    )
    with torch.no_grad():
        if strategy == "closed":
            return closed_form(work, data, on_rows)
        parts = work.run(data, on_rows)
    return _join(parts, work)


def _check(
    samples: int,
    masks: str,
    until: float | None,
    tau: float | None,
    block: int,
) -> None:
    if samples < 1 or block < 1:
        raise SettingError(f"samples and block are at least 1; got {samples} and {block}.")
    if masks not in ("rows", "shared"):
        raise SettingError(f"masks are 'rows' or 'shared'; got {masks!r}.")
    for name, value in (("until", until), ("tau", tau)):
        if value is not None and not value > 0:
            raise SettingError(f"{name} is above 0; got {value}.")
    if until is not None and samples < LEAST:
        raise SettingError(f"until needs at least {LEAST} samples; got samples={samples}.")


def _check_strategy(strategy: str, until: float | None, keep_samples: bool) -> None:
    if strategy not in ("auto", "loop", "closed"):
        raise SettingError(f"strategy is 'auto', 'loop' or 'closed'; got {strategy!r}.")
    if strategy == "closed" and (until is not None or keep_samples):
        what = f"until={until}" if until is not None else "keep_samples=True"
        raise SettingError(
            f"the closed form draws no samples to stop at or to keep; got {what}. Leave it out, or "
            "take strategy='auto'."
        )


def _join(parts: list[Part], work: Work) -> Prediction:
    moments = [part.moments for part in parts]
    classes = [m for m in moments if isinstance(m, ClassMoments)]
    kept = [part.kept for part in parts if part.kept is not None]
    targets = [part.targets for part in parts if part.targets is not None]
    same = len({len(x) for x in kept}) == 1
    return Prediction(
        task=work.task,
        mean=torch.cat([m.mean for m in moments]),
        variance=torch.cat([m.variance for m in moments]),
        weight_scaling=torch.cat([part.plain for part in parts]),
        samples=torch.cat([m.count for m in moments]),
        expected_entropy=torch.cat([m.expected_entropy for m in classes]) if classes else None,
        votes=torch.cat([m.votes for m in classes]) if classes else None,
        curve=work.curve.points() if work.curve is not None else (),
        targets=torch.cat(targets) if targets else None,
        tau=work.tau,
        kept=torch.cat(kept, dim=1) if kept and same else None,
        seed=work.seed,
        strategy=in_words(work),
        masks=work.masks,
    )
