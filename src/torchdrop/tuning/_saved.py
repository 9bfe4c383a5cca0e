"""The chosen network of a finished run, ready to predict."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ..data import Encoder, encoder_from_dict, read_features
from ..modes import evaluating
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
        probabilities = output.softmax(dim=1).numpy()
        columns = {
            f"probability_{name}": probabilities[:, i] for i, name in enumerate(self.classes)
        }
        best = [self.classes[i] for i in probabilities.argmax(axis=1)]
        return _table({"prediction": best, **columns})

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
