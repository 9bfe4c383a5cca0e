"""Predictions made from given samples, for the tests of what is measured on them."""

from typing import Any

import torch
from torch import Tensor

from torchdrop.montecarlo import Prediction, entropy


def prediction(samples: Tensor, targets: Tensor | None = None, **settings: Any) -> Prediction:
    """A classification with these samples, shape `(T, N, C)`, by the plain formulas."""
    count, rows, classes = samples.shape
    given = {
        "task": "classification",
        "mean": samples.mean(0),
        "variance": samples.var(0),
        "weight_scaling": samples[0],
        "samples": torch.full((rows,), count),
        "expected_entropy": entropy(samples).mean(0),
        "votes": torch.nn.functional.one_hot(samples.argmax(-1), classes).sum(0),
        "curve": (),
        "targets": targets,
        "tau": None,
        "kept": samples,
        "seed": 0,
        "strategy": "made by hand",
        "masks": "shared",
        **settings,
    }
    return Prediction(**given)


def random_samples(count: int, rows: int, classes: int, seed: int = 0) -> Tensor:
    """Probabilities of shape `(T, N, C)`, some of them rather sure."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, rows, classes, generator=generator, dtype=torch.float64)
    return (2 * logits).softmax(-1)


def random_prediction(rows: int = 300, seed: int = 0) -> Prediction:
    """A prediction that is right more often than not."""
    samples = random_samples(10, rows, 4, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    targets = torch.multinomial(samples.mean(0) ** 2, 1, generator=generator).squeeze(1)
    return prediction(samples, targets)


def regression() -> Prediction:
    """A prediction that is no classification."""
    values = torch.randn(5, 7, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return prediction(values, torch.zeros(7, 1), task="regression", votes=None)
