"""Without the library, torchdrop works on the specification and says why."""

import os
import subprocess
import sys

import pytest

from torchdrop.errors import SettingError
from torchdrop.kernels import _choice, _native


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError("there is no compiler here")

    monkeypatch.setattr(_native, "library", refuse)


@pytest.mark.usefixtures("no_library")
def test_without_a_library_the_specification_runs_and_says_why() -> None:
    kernel = _choice._best()

    assert (kernel.name, kernel.instruction_set) == ("torch", "")
    assert kernel.reason == "the native kernel cannot run: there is no compiler here"


@pytest.mark.usefixtures("no_library")
def test_asking_for_a_library_that_is_missing_is_an_error() -> None:
    with pytest.raises(SettingError, match="cannot run: there is no compiler here"):
        _choice._choose("native", "")


def _kernel_in_a_new_process(wanted: str) -> str:
    code = "from torchdrop import kernels; print(kernels.kernel().name)"
    environment = {**os.environ, "TORCHDROP_KERNEL": wanted}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def test_the_environment_chooses_the_kernel() -> None:
    assert _kernel_in_a_new_process("torch") == "torch"
    assert "got 'fortran'" in _kernel_in_a_new_process("fortran")
