"""The chosen network of a finished run, ready to predict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from ..data import ArrayEncoder, Encoder, encoder_from_dict, read_features, read_labeled
from ..errors import ModelError, SettingError
from ..modes import evaluating
from ..montecarlo import Prediction, predict, with_targets
from ._json import read_json
from ._network import build, rebuild
from ._result import DataSummary
from ._run_directory import MODEL, SETTINGS, load_result

_NOTHING_DROPS = (
    "This run chose p = 0, so its network drops nothing, and there is nothing to sample; predict "
    "without samples."
)
_PLANE = 2  # axes of a picture, without channels
_CHANNELS = (1, 3)


@dataclass(frozen=True)
class SavedModel:
    """A network with all that is needed to use it on new data.

    Attributes:
        network: In evaluation mode.
        encoder: Turns raw data into the network's input, as it was fitted in training.
        classes: Names of the classes; empty in regression.
        trained_on: The data of the run, in numbers.
        p: The rate that was chosen.
    """

    network: nn.Module
    encoder: Encoder
    classes: tuple[str, ...]
    trained_on: DataSummary
    p: float

    def predict(self, features: Tensor) -> pd.DataFrame:
        """Predict for rows that are encoded already.

        Args:
            features: Shape `(N, *)`, as `read` returns them.

        Returns:
            One row per row: a column `prediction`, in the target's own unit, and for classes a
            column `probability_<class>` each, summing to 1.
        """
        with evaluating(self.network), torch.no_grad():
            output = self.network(features)
        if not self.classes:
            values = self.encoder.decode_target(output.reshape(-1))
            return _table({"prediction": values.numpy()})
        return _table(self._classes(output.softmax(dim=1).numpy()))

    def sample(self, features: Tensor, samples: int = 50, *, seed: int = 0) -> pd.DataFrame:
        """Predict many times with dropout on, for rows that are encoded already.

        Args:
            features: As in `predict`.
            samples: Of each row, at least 2.
            seed: Of the samples, at least 0.

        Returns:
            As `predict`, of the samples' mean, and how sure it is: for classes `entropy` (of the
            mean, in nats), `mutual_information` (what of it comes from the network) and
            `variation_ratio`; else `standard_deviation`, in the target's own unit.

        Raises:
            SettingError: If `samples` or `seed` is out of range.
            ModelError: If the chosen network drops nothing.
        """
        return self.table(self.sampled(features, samples, seed=seed))

    def sampled(
        self,
        features: Tensor,
        samples: int = 50,
        *,
        seed: int = 0,
        targets: Tensor | None = None,
        tau: float | None = None,
    ) -> Prediction:
        """Predict as `sample` does, and return the whole prediction.

        Samples are the same with targets and without. If some targets are missing, all samples are
        held in memory for a while, to tell how good those of the other rows are.

        Args:
            features: As in `predict`.
            samples: Of each row, at least 2.
            seed: Of the samples, at least 0.
            targets: As `read_labeled` returns them, shape `(N,)`: class numbers, -1 where the
                target is missing; or numbers in the target's own unit, NaN where it is missing.
            tau: Precision of the noise of a regression, `1 / variance`, in the target's own unit;
                a run does not know it. With it, there are intervals and a log-likelihood.

        Returns:
            The prediction; of a regression in the target's own unit. If some targets are missing,
            its curve is over the others, and `montecarlo.labeled` gives the rows of these.

        Raises:
            SettingError: If `samples`, `seed` or `tau` is out of range, or tau is for classes.
            ModelError: If the chosen network drops nothing.
            DataError: If targets do not fit.
        """
        if samples < 2 or seed < 0:
            raise SettingError(
                f"samples is at least 2 and seed at least 0; got {samples} and {seed}."
            )
        if tau is not None and self.classes:
            raise SettingError("tau is the precision of numbers; the run predicts classes.")
        whole = targets is not None and not _missing(targets).any()
        try:
            prediction = predict(
                self.network,
                TensorDataset(features, targets) if targets is not None and whole else features,
                samples,
                task="classification" if self.classes else "regression",
                tau=tau,
                keep_samples=targets is not None and not whole,
                outputs=None if self.classes else self._decoded,
                generator=torch.Generator().manual_seed(seed),
            )
        except ModelError as error:
            if self.p == 0:
                raise ModelError(_NOTHING_DROPS) from error
            raise
        if targets is None or whole:
            return prediction
        return replace(with_targets(prediction, targets), kept=None)

    def table(self, prediction: Prediction) -> pd.DataFrame:
        """Write what `sampled` returned as the table of `sample`."""
        if not self.classes:
            deviation = prediction.variance.sqrt()
            columns = {"prediction": prediction.mean, "standard_deviation": deviation}
            return _table({name: x.reshape(-1).numpy() for name, x in columns.items()})
        return _table(
            {
                **self._classes(prediction.mean.numpy()),
                "entropy": prediction.predictive_entropy.numpy(),
                "mutual_information": prediction.mutual_information.numpy(),
                "variation_ratio": prediction.variation_ratio.numpy(),
            }
        )

    def images(self, features: Tensor) -> Tensor | None:
        """Give rows back as pictures, `(N, H, W)` or `(N, C, H, W)`; `None` if they are none."""
        shape = self.encoder.shape if isinstance(self.encoder, ArrayEncoder) else ()
        if len(shape) == _PLANE or (len(shape) == _PLANE + 1 and shape[0] in _CHANNELS):
            return features.reshape(len(features), *shape)
        return None

    def _decoded(self, output: Tensor) -> Tensor:
        return self.encoder.decode_target(output.double())

    def _classes(self, probabilities: NDArray[Any]) -> dict[str, Any]:
        columns = {
            f"probability_{name}": probabilities[:, i] for i, name in enumerate(self.classes)
        }
        best = [self.classes[i] for i in probabilities.argmax(axis=1)]
        return {"prediction": best, **columns}

    def read(self, source: str, data_dir: str | PathLike[str] | None = None) -> Tensor:
        """Read and encode the inputs in `source`: a built-in name or a file."""
        return read_features(source, self.encoder, data_dir=data_dir)

    def read_labeled(
        self, source: str, data_dir: str | PathLike[str] | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Read the inputs in `source` as `read` does, and the targets beside them.

        Args:
            source: A built-in name, of which the test part is taken, or a file.
            data_dir: Folder with the files of mnist or fashion-mnist.

        Returns:
            Inputs; and targets as `sampled` takes them, `None` if there are none: a table without
            the column that the run predicts, or one in which it is empty.

        Raises:
            DataError: If the source cannot be read, or holds targets that the network cannot have
                learned: another class, or text where numbers are needed.
        """
        return read_labeled(source, self.encoder, self.classes, data_dir=data_dir)


def load_model(run: str | PathLike[str]) -> SavedModel:
    """Load the network that a finished run chose.

    Args:
        run: The run's directory.

    Returns:
        The network with its weights, and the encoder of its data.

    Raises:
        RunDirectoryError: If there is no finished run.
        ModelError: If the network's callable cannot be imported any more.
    """
    path = Path(run)
    result = load_result(path)
    settings = read_json(path / SETTINGS)
    network = build(rebuild(settings["network"]), result.chosen.p)
    network.load_state_dict(load_file(path / MODEL))
    return SavedModel(
        network=network.eval(),
        encoder=encoder_from_dict(settings["encoder"]),
        classes=result.data.classes,
        trained_on=result.data,
        p=result.chosen.p,
    )


def _missing(targets: Tensor) -> Tensor:
    return targets.isnan() if targets.is_floating_point() else targets < 0


def _table(columns: dict[str, Any]) -> pd.DataFrame:
    table: pd.DataFrame = pd.DataFrame(columns)
    return table
