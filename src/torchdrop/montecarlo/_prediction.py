"""What Monte Carlo dropout says about each row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from ..errors import DataError, SettingError
from ._moments import entropy

Task: TypeAlias = Literal["classification", "regression"]
Masks: TypeAlias = Literal["rows", "shared"]


@dataclass(frozen=True, slots=True)
class Point:
    """How good the mean of the first samples is, over all rows.

    Attributes:
        samples: How many; 0 for weight scaling, the pass in evaluation mode.
        error: Share of wrong classes, or the root of the mean squared error.
        log_likelihood: Mean over rows, in nats; NaN for a regression without tau.
        error_deviation: Standard error of `error` over rows.
        log_likelihood_deviation: Standard error of `log_likelihood` over rows.
    """

    samples: int
    error: float
    log_likelihood: float
    error_deviation: float
    log_likelihood_deviation: float

    def to_dict(self) -> dict[str, float | int | None]:
        """Return the record as plain JSON types."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: None if math.isnan(x) else x for name, x in values.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The samples of all rows, summed up. Tensors are float64 on the CPU; N rows, C values of each.

    Attributes:
        task: `classification`: values are probabilities of classes; or `regression`.
        mean: Mean of the samples, shape `(N, C)`.
        variance: Unbiased variance of the samples, shape `(N, C)`; of a regression the epistemic
            part. NaN where there is one sample. If `exact`, the variance over all masks.
        weight_scaling: The pass in evaluation mode, without dropout, shape `(N, C)`.
        samples: How many each row took, int64, shape `(N,)`; 0 if `exact`.
        expected_entropy: Mean entropy of the samples' classes, in nats, shape `(N,)`.
        votes: How many samples found each class the likeliest, shape `(N, C)`.
        curve: Quality by number of samples; none without targets, with `until`, or if `exact`.
        targets: What the data hold; `None` if they hold none.
        tau: Precision of the noise of a regression, in units of `1 / target**2`; `None` if it is
            not known.
        kept: All samples, shape `(T, N, C)`, if they were asked for.
        seed: From which all of them were drawn.
        strategy: How they were computed, in words.
        masks: `shared` if all rows of a sample had the same masks, so that a sample is one network.
        exact: Whether the moments are those of all masks, by the closed form; then there are no
            samples.
    """

    task: Task
    mean: Tensor
    variance: Tensor
    weight_scaling: Tensor
    samples: Tensor
    expected_entropy: Tensor | None
    votes: Tensor | None
    curve: tuple[Point, ...]
    targets: Tensor | None
    tau: float | None
    kept: Tensor | None
    seed: int
    strategy: str
    masks: Masks = "rows"
    exact: bool = False

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def standard_error(self) -> Tensor:
        """Of the mean, shape `(N, C)`: how far more samples would still move it.

        0 if the mean is exact.
        """
        if self.exact:
            return torch.zeros_like(self.mean)
        return (self.variance / self.samples[:, None]).sqrt()

    @property
    def classes(self) -> Tensor:
        """The likeliest class of each row by the mean, int64, shape `(N,)`."""
        self._needs("classification")
        return self.mean.argmax(1)

    @property
    def confidence(self) -> Tensor:
        """Probability of the likeliest class, shape `(N,)`."""
        self._needs("classification")
        return self.mean.max(1).values

    @property
    def predictive_entropy(self) -> Tensor:
        """Entropy of the mean, in nats, shape `(N,)`: all uncertainty about the class."""
        self._needs("classification")
        return entropy(self.mean)

    @property
    def mutual_information(self) -> Tensor:
        """Predictive minus expected entropy (BALD), in nats, shape `(N,)`, at least 0.

        What is not known about the network, not the noise of the classes.

        Source:
            Houlsby et al., arXiv 1112.5745 (2011).
        """
        self._needs("classification")
        assert self.expected_entropy is not None
        return (self.predictive_entropy - self.expected_entropy).clamp(min=0)

    @property
    def variation_ratio(self) -> Tensor:
        """Share of samples that did not vote for the commonest class, shape `(N,)`."""
        self._needs("classification")
        assert self.votes is not None
        return 1 - self.votes.max(1).values / self.samples

    @property
    def epistemic(self) -> Tensor:
        """Variance of a regression that comes from the network, shape `(N, C)`."""
        self._needs("regression")
        return self.variance

    @property
    def aleatoric(self) -> float:
        """Variance of the noise, `1 / tau`; needs tau."""
        self._needs("regression")
        return 1 / self._tau()

    @property
    def uncertainty(self) -> Tensor:
        """One number for each row, higher for less certain ones, shape `(N,)`.

        The predictive entropy of a classification, the variance of a regression summed over values.
        """
        if self.task == "classification":
            return self.predictive_entropy
        return self.variance.sum(1)

    def interval(self, level: float = 0.95) -> tuple[Tensor, Tensor]:
        """Bounds between which a new target lies with a probability, for a regression.

        From the normal distribution with the samples' mean, and their variance plus the noise's;
        with the exact ones if there are no samples.

        Args:
            level: The probability, inside `(0, 1)`.

        Returns:
            Lower and upper bounds, each of shape `(N, C)`.

        Raises:
            SettingError: If `level` is out of range, the task is another, or tau is not known.
        """
        self._needs("regression")
        if not 0 < level < 1:
            raise SettingError(f"level is a probability inside (0, 1); got {level}.")
        z = math.sqrt(2) * torch.erfinv(torch.tensor(level, dtype=torch.float64))
        width = z * (self.variance + self.aleatoric).sqrt()
        return self.mean - width, self.mean + width

    def compare(self) -> tuple[Point, ...]:
        """Weight scaling beside the mean of more and more samples, as the paper's figure has it.

        Returns:
            Weight scaling first, with 0 samples; then the points of `curve`.

        Raises:
            DataError: If the data held no targets, rows took different numbers of samples, or
                the closed form took none.

        Source:
            Srivastava et al., JMLR 15 (2014), figure 11.
        """
        if not self.curve:
            raise DataError(
                "a comparison needs targets in the data, and as many samples of each row: "
                "predict without until= and strategy='closed'."
            )
        return self.curve

    def _needs(self, task: Task) -> None:
        if self.task != task:
            raise SettingError(f"this is for a {task}; the prediction is a {self.task}.")

    def _tau(self) -> float:
        if self.tau is None:
            raise SettingError("the precision of the noise is not known; give tau= to predict.")
        return self.tau
