import json
import platform

import torch

from torchdrop.kernels import STREAM_VERSION, kernel

from .conftest import Run


def test_info_says_which_kernel_runs_and_why(run: Run) -> None:
    out = " ".join(run("info").out.split())

    assert f"kernel {kernel().name}" in out
    assert kernel().reason in out
    assert f"mask stream version {STREAM_VERSION}" in out


def test_info_as_json_has_every_fact(run: Run) -> None:
    facts = json.loads(run("info", "--json").out)

    assert facts["kernel"] == kernel().name
    assert facts["instruction_set"] == kernel().instruction_set
    assert facts["torch"] == torch.__version__
    assert facts["python"] == platform.python_version()
    assert facts["threads"] == torch.get_num_threads()
    assert facts["cpu"]
