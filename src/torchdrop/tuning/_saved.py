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

from ..data import Encoder, encoder_from_dict, read_features
from ..errors import SettingError
from ..modes import evaluating
from ..montecarlo import predict
from ._json import read_json
from ._network import build, rebuild
from ._run_directory import MODEL, SETTINGS, load_result


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
        if samples < 2 or seed < 0:
            raise SettingError(
                f"samples is at least 2 and seed at least 0; got {samples} and {seed}."
            )
        result = predict(
            *(self.network, features, samples),
            task="classification" if self.classes else "regression",
            generator=torch.Generator().manual_seed(seed),
        )
        if not self.classes:
            low, high = (
                self.encoder.decode_target(torch.full((1,), value)) for value in (0.0, 1.0)
            )
            deviation = result.variance.sqrt().reshape(-1) * float(high - low)
            mean = self.encoder.decode_target(result.mean.reshape(-1).float())
            return _table({"prediction": mean.numpy(), "standard_deviation": deviation.numpy()})
        return _table(
            {
                **self._classes(result.mean.numpy()),
                "entropy": result.predictive_entropy.numpy(),
                "mutual_information": result.mutual_information.numpy(),
                "variation_ratio": result.variation_ratio.numpy(),
            }
        )

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
