from hashlib import sha256
from importlib.resources import files

import numpy as np
from sklearn.datasets import load_digits

from torchdrop.data._builtin import pixels, read_builtin, read_digits

FOLDER = files("torchdrop.data") / "digits"


def test_the_packaged_file_is_the_known_one() -> None:
    content = (FOLDER / "optdigits.npz").read_bytes()
    assert sha256(content).hexdigest().startswith("1cdee8bd7450")


def test_the_license_lies_beside_it_and_gives_credit() -> None:
    text = (FOLDER / "LICENSE.md").read_text(encoding="utf-8")
    for words in ("CC BY 4.0", "Alpaydin", "Kaynak", "10.24432/C50P49"):
        assert words in text


def test_the_test_part_is_sklearns_load_digits() -> None:
    digits, reference = read_digits(), load_digits()
    np.testing.assert_array_equal(digits.x_test, reference.images)
    np.testing.assert_array_equal(digits.y_test, reference.target)


def test_digits_are_scaled_to_full_ink() -> None:
    x = pixels("digits").encode(read_builtin("digits").x)
    assert x.shape == (3823, 8, 8)
    assert (x.min().item(), x.max().item()) == (0.0, 1.0)
