"""The plugin of pytest, in a pytest of its own."""

import subprocess
import sys
from pathlib import Path

MISTAKE = "import torch.nn.functional as F\n\n\ndef noisy(x):\n    return F.dropout(x, 0.5)\n"
TEST = "def test_nothing():\n    pass\n"
TORCH = "import sys\n\n\ndef test_torch():\n    assert 'torch' not in sys.modules\n"
MODEL = """from torch import nn


def test_clean(assert_clean):
    assert_clean(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.Linear(2, 1)))


def test_all_dropped(assert_clean):
    assert_clean(nn.Sequential(nn.Linear(2, 2), nn.Dropout(1.0), nn.Linear(2, 1)))
"""


def _pytest(folder: Path, *words: str, files: dict[str, str], code: int) -> str:
    """What pytest says with our plugin, whether or not it is installed besides."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    plugin = ("-p", "no:cacheprovider", "-p", "no:torchdrop", "-p", "torchdrop.audit_pytest")
    editable = "ignore:Module already imported so cannot be rewritten; _editable"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, "-W", "error", "-W", editable, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_it_costs_nothing_where_it_is_not_used(tmp_path: Path) -> None:
    files = {"src/model.py": MISTAKE, "tests/test_torch.py": TORCH}

    assert "1 passed" in _pytest(tmp_path, files=files, code=0)


def test_every_file_of_the_project_is_a_test(tmp_path: Path) -> None:
    files = {"src/model.py": MISTAKE, "tests/test_a.py": TEST, "setup.py": "", "src/a.py": TEST}
    said = _pytest(tmp_path, "--torchdrop-audit", "tests", files=files, code=1)

    assert "1 failed, 4 passed" in said  # the one test, and four files
    assert "FAILED src/model.py::torchdrop-audit - " in said
    assert "5 |     return F.dropout(x, 0.5)\n  |            ^^^^^^^^^^^^^^^^^\n" in said
    assert "audit_pytest.py" not in said


def test_sources_are_audited_without_torch(tmp_path: Path) -> None:
    files = {"src/model.py": TEST, "tests/test_torch.py": TORCH}

    assert "3 passed" in _pytest(tmp_path, "--torchdrop-audit", files=files, code=0)


def test_settings_say_what_is_read_and_which_rules_run(tmp_path: Path) -> None:
    settings = '[tool.torchdrop.audit]\nexclude = ["old"]\n[tool.pytest.ini_options]\n'
    files = {
        "pyproject.toml": f'{settings}torchdrop_audit_paths = ["src", "old"]\n',
        "src/model.py": TEST,
        "old/model.py": MISTAKE,
        "tests/test_a.py": TEST,
    }

    assert "2 passed" in _pytest(tmp_path, "--torchdrop-audit", files=files, code=0)


def test_a_file_that_cannot_be_read_fails(tmp_path: Path) -> None:
    files = {"old.py": "import torch\nprint 'dropout'\n"}
    said = _pytest(tmp_path, "--torchdrop-audit", files=files, code=1)

    assert "old.py is not Python that this version can parse" in said


def test_audits_are_chosen_like_tests(tmp_path: Path) -> None:
    files = {"model.py": MISTAKE, "test_a.py": TEST}
    said = _pytest(tmp_path, "--torchdrop-audit", "-k", "not torchdrop-audit", files=files, code=0)

    assert "1 passed, 2 deselected" in said


def test_workers_of_xdist_collect_the_same(tmp_path: Path) -> None:
    files = {"model.py": MISTAKE, "test_a.py": TEST}

    assert "1 failed, 2 passed" in _pytest(
        tmp_path, "--torchdrop-audit", "-n", "2", files=files, code=1
    )


def test_the_fixture_fails_on_a_model_with_a_mistake(tmp_path: Path) -> None:
    said = _pytest(tmp_path, files={"test_model.py": MODEL}, code=1)

    assert "1 failed, 1 passed" in said
    assert "AuditError: The audit finds:" in said
    assert "DRP109" in said
