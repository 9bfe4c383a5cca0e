"""What is kept of the samples of one block while they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from ._curve import Curve
from ._prediction import Task
from ._stacked_moments import StackedClassMoments, StackedMoments


class Sums:
    """Running sums over the samples of some rows.

    Args:
        plain: The pass in evaluation mode, shape `(N, C)`.
        targets: Of the rows; `None` if there are none.
        task: What is predicted.
        tau: Precision of the noise of a regression.
        curve: Takes the quality of the mean; `None` if it is not asked for.
        keep: Whether to keep all samples.
    """

    def __init__(
        self,
        plain: Tensor,
        targets: Tensor | None,
        task: Task,
        tau: float | None,
        curve: Curve | None,
        keep: bool,
    ) -> None:
        kind = StackedClassMoments if task == "classification" else StackedMoments
        self.moments = kind(plain.shape)
        self.going = torch.ones(len(plain), dtype=torch.bool)
        self._targets, self._curve = targets, curve
        self._tau = tau if task == "regression" else None
        self._exponents: Tensor | None = None
        self._keep = keep
        self._kept: list[Tensor] = []
        self.note(0, plain)

    def add(self, samples: Tensor) -> None:
        """Take samples in.

        Args:
            samples: Shape `(T, N, C)`; one, if a row has stopped.
        """
        if len(samples) == 1:
            self.moments.add(samples[0], self.going)
        else:
            self.moments.add_all(samples)
        if self._keep:
            self._kept.append(samples)
        if self._tau is not None and self._targets is not None:
            own = -self._tau / 2 * (samples - self._targets).square().sum(2)
            known = () if self._exponents is None else (self._exponents[None],)
            self._exponents = torch.cat([*known, own]).logsumexp(0)

    def note(self, number: int, mean: Tensor) -> None:
        """Mark how good the mean of so many samples is."""
        if self._curve is not None and self._targets is not None:
            self._curve.add(number, mean, self._targets, self._exponents)

    def stop(self, bound: float) -> bool:
        """Stop the rows whose standard error is at most the bound; say whether that is all."""
        self.going &= self.moments.standard_error.max(1).values > bound
        return not self.going.any()

    @property
    def kept(self) -> Tensor | None:
        """All samples, shape `(T, N, C)`, if they are kept."""
        return torch.cat(self._kept) if self._kept else None


def pieces(stacks: Iterator[Tensor], stops: Iterable[int]) -> Iterator[tuple[int, Tensor]]:
    """Cut stacks of samples so that a piece ends at each of some numbers.

    Args:
        stacks: Each of shape `(T, ...)`, without end.
        stops: Rising numbers of samples, from 1.

    Yields:
        How many samples there were with this piece, and the piece; up to the last stop.
    """
    done, rest = 0, torch.empty(0)
    for stop in stops:
        while done < stop:
            rest = rest if len(rest) else next(stacks)
            piece, rest = rest[: stop - done], rest[stop - done :]
            done += len(piece)
            yield done, piece
