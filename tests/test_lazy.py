"""What is imported late is what type checkers see, and what needs no torch does not load it."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

PACKAGES = ("torchdrop", "torchdrop.report", "torchdrop.audit")


def _typed_names(package: str) -> dict[str, str]:
    """Names that the block for type checkers imports, and where from."""
    file = import_module(package).__file__
    assert file is not None
    tree = ast.parse(Path(file).read_text())
    (block,) = (x for x in tree.body if isinstance(x, ast.If))
    return {
        alias.asname or alias.name: f"{package}.{statement.module}"
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_every_typed_name_is_there_and_comes_from_where_it_says(package: str) -> None:
    module = import_module(package)

    for name, home in _typed_names(package).items():
        assert getattr(module, name) is getattr(import_module(home), name)
        assert name in dir(module)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_late_name_is_typed_or_a_module(package: str) -> None:
    module = import_module(package)

    for name in set(dir(module)) - set(vars(module)) - set(_typed_names(package)):
        assert getattr(module, name) is sys.modules[f"{package}.{name}"]


def test_all_that_users_call_is_reached_from_the_package() -> None:
    """But for `cli` and `benchmarks`, which are commands, and the plugins."""
    import torchdrop  # noqa: PLC0415

    folder = Path(torchdrop.__file__).parent
    found = {path.stem for path in folder.iterdir() if not path.name.startswith(("_", "audit_"))}
    wanted = found - {"cli", "benchmarks", "py"}

    assert "optim" in wanted
    assert wanted <= set(dir(torchdrop))


@pytest.mark.parametrize("package", PACKAGES)
def test_unknown_names_are_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        import_module(package).nothing  # noqa: B018 - asking is what is tested


@pytest.mark.parametrize(
    "code",
    [
        "import torchdrop",
        "import torchdrop.audit",
        "import torchdrop.report.audit",
        "import torchdrop.audit_flake8",
        "import torchdrop.audit_pytest",
        "from torchdrop.audit import audit_paths; audit_paths(['.'])",
    ],
)
def test_what_reads_source_loads_no_torch(code: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import torch\nx = torch.dropout(x, 0.5, True)\n")
    after = "; import sys; print([m for m in ('torch', 'numpy', 'matplotlib') if m in sys.modules])"
    output = subprocess.run(
        [sys.executable, "-c", code + after],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )

    assert output.stdout.strip() == "[]"
