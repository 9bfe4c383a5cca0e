"""Layers that drop channels or units, and those whose noise is normal."""

from torchdrop.nn import (
    AlphaDropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    FeatureAlphaDropout,
    GaussianDropout,
)

from ._case import Case


def _alpha(make: type[AlphaDropout] | type[FeatureAlphaDropout], inplace: bool = False) -> Case:
    # Dropped elements are SELU's saturation, not 0; the mean kept is 0, not that of ones.
    return Case(lambda p: make(p, inplace), shape=(16, 25, 2), drops=False, keeps_mean=False)


CASES = {
    "Dropout1d": Case(Dropout1d, shape=(16, 25, 3)),
    "Dropout1d-inplace": Case(lambda p: Dropout1d(p, inplace=True), shape=(16, 25, 3)),
    "Dropout1d-unbatched": Case(lambda p: Dropout1d(p, batched=False), shape=(40, 9), draws=40),
    "Dropout2d": Case(Dropout2d, shape=(16, 25, 2, 3)),
    "Dropout2d-inplace": Case(lambda p: Dropout2d(p, inplace=True), shape=(16, 25, 2, 3)),
    "Dropout3d": Case(Dropout3d, shape=(16, 25, 2, 1, 3)),
    "Dropout3d-inplace": Case(lambda p: Dropout3d(p, inplace=True), shape=(16, 25, 2, 1, 3)),
    # Elements are scaled by noise, none is dropped; p = 1 would be infinite variance.
    "GaussianDropout": Case(GaussianDropout, drops=False, most=0.99),
    "AlphaDropout": _alpha(AlphaDropout),
    "AlphaDropout-inplace": _alpha(AlphaDropout, inplace=True),
    "FeatureAlphaDropout": _alpha(FeatureAlphaDropout),
    "FeatureAlphaDropout-inplace": _alpha(FeatureAlphaDropout, inplace=True),
}
