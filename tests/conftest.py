from collections.abc import Iterator

import pytest

from torchdrop import kernels


def _native_kernels() -> list[str]:
    """Every native kernel that this machine can run; none where the library was not built."""
    if kernels.kernel().name != "native":
        return []
    return [f"native-{name}" for name in kernels.instruction_sets()]


@pytest.fixture(params=["torch", "native"])
def each_kernel(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test on the specification and on the native kernel, and see to it which one ran."""
    if request.param == "native" and not _native_kernels():
        pytest.skip(kernels.kernel().reason)
    with kernels.using(request.param):
        assert kernels.kernel().name == request.param
        yield request.param
        assert kernels.kernel().name == request.param


@pytest.fixture(params=_native_kernels() or ["none"])
def each_instruction_set(request: pytest.FixtureRequest) -> str:
    """Name every native kernel that can run here, one after the other."""
    if request.param == "none":
        pytest.skip(kernels.kernel().reason)
    return str(request.param)
