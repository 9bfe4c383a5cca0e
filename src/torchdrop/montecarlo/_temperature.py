"""One number that takes the logits apart or together, until confidence fits held-out data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import torch
from scipy.optimize import brentq
from torch import Tensor

from ..errors import DataError, SettingError
from ._prediction import Prediction
from ._probabilities import Of, probabilities_of, targets_of

_LEAST = torch.finfo(torch.float64).tiny  # of a probability, before its logarithm
_TABLE = 2


@dataclass(frozen=True, slots=True)
class Temperature:
    """A temperature that was fitted to held-out data.

    Attributes:
        of: To what: the log of a prediction's `mean` or `weight_scaling`, or `logits`.
        temperature: By which logits are divided; above 1 they were too sure.
        before: Mean log-likelihood of the held-out data without it, in nats.
        after: The same with it; never lower.
        rows: Of the held-out data.
    """

    of: Of | Literal["logits"]
    temperature: float
    before: float
    after: float
    rows: int

    def apply(self, source: Prediction | Tensor) -> Tensor:
        """Give the probabilities of other rows at this temperature; the classes stay the same.

        Args:
            source: A prediction, of which the probabilities are taken that this was fitted to, or
                logits of shape `(N, C)`; log probabilities are logits too.

        Returns:
            Probabilities, float64 on the CPU, shape `(N, C)`. They are no samples: entropies of
            single samples, votes and mutual information are not changed by a temperature.

        Raises:
            SettingError: If this was fitted to logits, and a prediction comes.
            DataError: If logits are no finite table, or are probabilities.
        """
        if isinstance(source, Prediction) and self.of == "logits":
            raise SettingError(
                "this temperature was fitted to logits of nobody knows what; "
                "give logits, or fit it to a prediction."
            )
        of: Of = "mean" if self.of == "logits" else self.of
        return (_logits(source, of) / self.temperature).softmax(1)

    def to_dict(self) -> dict[str, str | int | float]:
        """Return the record as plain JSON types."""
        return asdict(self)


def temperature(
    prediction: Prediction | Tensor, targets: Tensor | None = None, *, of: Of = "mean"
) -> Temperature:
    """Fit the temperature of which held-out data are likeliest.

    Probabilities become `softmax(logits / temperature)`. The logits of a prediction are the
    logarithms of its probabilities. For weight scaling these are the model's own logits, up to a
    number for each row, which changes nothing. The mean over samples has no logits: what is scaled
    is the logarithm of the mean probabilities, not the samples.

    The log-likelihood is concave in `1 / temperature`, so that the zero of its slope is the only
    maximum.

    Args:
        prediction: A classification of data that the model was not trained on and will not be
            judged by; or logits of shape `(N, C)`.
        targets: True classes, shape `(N,)`; `None` takes the prediction's own.
        of: Probabilities of a prediction: the samples' `mean`, or `weight_scaling`.

    Returns:
        The temperature, with the likelihood before and after.

    Raises:
        SettingError: If `of` is neither, or the prediction is a regression.
        DataError: If no temperature is best: all rows are right, or the likeliest classes are no
            better than any; or if targets or logits do not fit.

    Example:
        >>> logits = torch.tensor([[2.0, 0.0]]).expand(4, 2)  # says 88 %, and is right in 75 %
        >>> fitted = temperature(logits, torch.tensor([0, 0, 1, 0]))
        >>> [round(x, 4) for x in fitted.apply(logits)[0].tolist()]
        [0.75, 0.25]

    Source:
        Guo et al., "On calibration of modern neural networks", ICML (2017), arXiv 1706.04599. The
        logarithm of the mean is ours to choose; they have no samples.
    """
    logits = _logits(prediction, of)
    classes = targets_of(prediction, targets, logits)
    fitted = 1 / _inverse(logits, classes)
    return Temperature(
        of=of if isinstance(prediction, Prediction) else "logits",
        temperature=fitted,
        before=_likelihood(logits, classes),
        after=_likelihood(logits / fitted, classes),
        rows=len(classes),
    )


def _logits(source: Prediction | Tensor, of: Of) -> Tensor:
    if isinstance(source, Prediction):
        return probabilities_of(source, of).clamp(min=_LEAST).log()
    logits = source.detach().to("cpu", torch.float64)
    if logits.ndim != _TABLE or not logits.numel() or not logits.isfinite().all():
        raise DataError(
            "logits are a row of finite numbers for each row of data; "
            f"got the shape {tuple(logits.shape)}, {int((~logits.isfinite()).sum())} not finite."
        )
    if bool((logits >= 0).all()) and bool(((logits.sum(1) - 1).abs() < 1e-6).all()):
        raise DataError("these are probabilities; give logits, or the probabilities' logarithms.")
    return logits


def _likelihood(logits: Tensor, classes: Tensor) -> float:
    return float(logits.log_softmax(1).gather(1, classes[:, None]).mean())


def _inverse(logits: Tensor, classes: Tensor) -> float:
    """Find `1 / temperature`, where the slope of the negative log-likelihood is zero."""
    above = logits - logits.gather(1, classes[:, None])  # how far each class is above the true one

    def slope(inverse: float) -> float:
        return float(((above * inverse).softmax(1) * above).sum(1).mean())

    if bool((above <= 0).all()):
        raise DataError(
            "every row is right, so that data get likelier without end as the temperature falls "
            "to 0; give held-out rows, with mistakes among them."
        )
    if slope(0.0) >= 0:
        raise DataError(
            "the true classes have no higher logits than the others have on average, so that no "
            "temperature beats equal probabilities; check that targets and rows belong together."
        )
    high = 1.0
    while slope(high) <= 0:
        high *= 2
    return float(brentq(slope, 0.0, high, xtol=1e-12, rtol=1e-12))
