"""The chosen network of a finished run, ready to predict."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from ..data import ArrayEncoder, Encoder, encoder_from_dict, read_features
from ..errors import SettingError
from ..modes import evaluating
from ..montecarlo import Prediction, predict
from ._json import read_json
from ._network import build, rebuild
from ._run_directory import MODEL, SETTINGS, load_result

_PLANE = 2  # axes of a picture, without channels
_CHANNELS = (1, 3)


@dataclass(frozen=True)
class SavedModel:
    """A network with all that is needed to use it on new data.

    Attributes:
        network: In evaluation mode.
        encoder: Turns raw data into the network's input, as it was fitted in training.
        classes: Names of the classes; empty in regression.
    """

    network: nn.Module
    encoder: Encoder
    classes: tuple[str, ...]

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

    def sampled(self, features: Tensor, samples: int = 50, *, seed: int = 0) -> Prediction:
        """Predict as `sample` does, and return the whole prediction.

        Args:
            features: As in `predict`.
            samples: Of each row, at least 2.
            seed: Of the samples, at least 0.

        Returns:
            The prediction, without targets; of a regression in the target's own unit.

        Raises:
            SettingError: If `samples` or `seed` is out of range.
            ModelError: If the chosen network drops nothing.
        """
        if samples < 2 or seed < 0:
            raise SettingError(
                f"samples is at least 2 and seed at least 0; got {samples} and {seed}."
            )
        return predict(
            *(self.network, features, samples),
            task="classification" if self.classes else "regression",
            outputs=None if self.classes else self._decoded,
            generator=torch.Generator().manual_seed(seed),
        )

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
    )


def _table(columns: dict[str, Any]) -> pd.DataFrame:
    table: pd.DataFrame = pd.DataFrame(columns)
    return table
