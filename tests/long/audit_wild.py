"""What the auditor says about other people's packages: `python -m tests.long.audit_wild FOLDER`.

A folder is an unpacked wheel or source archive, an installed package, or a folder of such folders.
Sources are read, nothing is imported. Printed as Markdown: a row for each package, and every error
and warning with its place, since each of them has to be read by a person. An empty wheel:

    pip download --no-deps -d WILD timm && unzip -d WILD/timm WILD/timm-*.whl

`--race` times others on the same trees: ruff from the path, TorchFix and torch-preflight from
`--rivals`, a folder of virtual environments (`python -m tests.long.audit_rivals` says how to make
them). One that is not there is left out, and a line says so.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from torchdrop.audit import Finding, Findings, audit_paths

_METADATA = ("*.dist-info/METADATA", "PKG-INFO")


@dataclass(frozen=True)
class Package:
    """Somebody's sources.

    Attributes:
        folder: Where they are.
        name: As its metadata say, or the folder's.
        version: As its metadata say, or `?`.
    """

    folder: Path
    name: str
    version: str

    @property
    def files(self) -> list[Path]:
        """All Python files in it."""
        return sorted(self.folder.rglob("*.py"))


@dataclass(frozen=True)
class Scan:
    """What the auditor found in a package."""

    package: Package
    files: int
    mentions: int
    seconds: float
    findings: Findings

    @property
    def row(self) -> list[str]:
        """The package's line in the table."""
        counts = [str(len(self.findings.of(s))) for s in ("error", "warning", "advice")]
        head = [self.package.name, self.package.version, f"{self.files:,}", f"{self.mentions:,}"]
        return [*head, f"{self.seconds:.1f}", *counts]


@dataclass(frozen=True)
class Pace:
    """How long a tool took for a package."""

    tool: str
    package: str
    files: int
    seconds: float


def find_packages(folder: Path) -> list[Package]:
    """The package in a folder, or those in its sub-folders where it has no sources of its own."""
    if _metadata(folder) is None and not list(folder.glob("*.py")):
        return [x for sub in sorted(folder.iterdir()) if sub.is_dir() for x in find_packages(sub)]
    return [_package(folder)]


def _package(folder: Path) -> Package:
    metadata = _metadata(folder)
    if metadata is None:
        return Package(folder, folder.name, "?")
    fields = HeaderParser().parsestr(metadata.read_text(encoding="utf-8", errors="replace"))
    return Package(folder, fields["Name"] or folder.name, fields["Version"] or "?")


def _metadata(folder: Path) -> Path | None:
    """The file that names the package: in the folder, or beside it where it is installed."""
    for pattern in _METADATA:
        if found := sorted(folder.glob(pattern)):
            return found[0]
    if not (folder / "__init__.py").exists():
        return None
    wanted = re.sub(r"[-_.]+", "_", folder.name).lower()
    installed = sorted(folder.parent.glob("*.dist-info/METADATA"))
    return next((x for x in installed if _distribution(x) == wanted), None)


def _distribution(metadata: Path) -> str:
    return metadata.parent.name.split("-")[0].lower()


def scan(package: Package) -> Scan:
    """Audit a package with every rule."""
    texts = (path.read_bytes() for path in package.files if path.is_file())
    mentions = sum(b"torch" in text for text in texts)
    begun = time.perf_counter()
    findings = audit_paths([package.folder])
    return Scan(package, findings.files, mentions, time.perf_counter() - begun, findings)


def serious(findings: Findings) -> list[Finding]:
    """The findings that claim a mistake: errors first, then warnings."""
    return [*findings.of("error"), *findings.of("warning")]


def lines_of(one: Scan) -> Iterator[str]:
    """Errors and warnings, one line each, with paths from the package's folder on."""
    for finding in serious(one.findings):
        place = finding.place
        path = Path(place.path or "").relative_to(one.package.folder)
        where = f"`{path}:{place.line}`"
        yield f"- {finding.severity} {finding.rule} {where}: {finding.message}"


def commands(rivals: Path) -> dict[str, list[str]]:
    """How each rival is called; a folder is added at the end. Only those that are there."""
    ruff = [
        "ruff",
        "check",
        "--select",
        "ALL",
        "--isolated",
        "--exit-zero",
        "--no-cache",
        "--quiet",
    ]
    torchfix = str(rivals / "torchfix" / "bin" / "torchfix")
    preflight = str(rivals / "preflight" / "bin" / "torch-preflight")
    beside = str(Path(sys.executable).with_name("ruff"))
    ruff[0] = beside if Path(beside).exists() else "ruff"
    known = {
        "ruff, all its rules": ruff,
        "TorchFix, all its rules": [torchfix, "--select=ALL"],
        "torch-preflight": [preflight, "check"],
    }
    return {name: words for name, words in known.items() if shutil.which(words[0])}


def race(one: Scan, rivals: dict[str, list[str]]) -> Iterator[Pace]:
    """Time everybody on a package; what they say is of no concern here."""
    yield Pace("torchdrop audit", one.package.name, one.files, one.seconds)
    for name, words in rivals.items():
        begun = time.perf_counter()
        done = subprocess.run([*words, str(one.package.folder)], capture_output=True, check=False)
        seconds = time.perf_counter() - begun
        if b"Traceback" in done.stderr:
            raise RuntimeError(f"{name} broke off: {done.stderr.decode()[-500:]}")
        yield Pace(name, one.package.name, one.files, seconds)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def render(scans: Sequence[Scan]) -> str:
    """Write the table and the lists."""
    head = ["package", "version", "files", "mention torch", "seconds"]
    head += ["errors", "warnings", "advice"]
    totals = ["all", "", f"{sum(x.files for x in scans):,}", f"{sum(x.mentions for x in scans):,}"]
    totals.append(f"{sum(x.seconds for x in scans):.1f}")
    totals += [
        str(sum(len(x.findings.of(s)) for x in scans)) for s in ("error", "warning", "advice")
    ]
    parts = [table(head, [*(x.row for x in scans), totals])]
    for one in scans:
        if found := list(lines_of(one)):
            parts.append(f"{one.package.name} {one.package.version}:\n\n" + "\n".join(found))
    skipped = [(path, reason) for one in scans for path, reason in one.findings.skipped]
    if skipped:
        parts.append("Not read:\n\n" + "\n".join(f"- {reason}" for _, reason in skipped))
    return "\n\n".join(parts) + "\n"


def render_race(paces: Sequence[Pace]) -> str:
    """Write how fast everybody was."""
    rows = [[x.tool, x.package, f"{x.seconds:.1f}", f"{x.files / x.seconds:.3g}"] for x in paces]
    return table(["tool", "package", "seconds", "files a second"], rows) + "\n"


def main(words: Sequence[str] | None = None) -> None:
    """Scan, and print."""
    parser = argparse.ArgumentParser(description="Audit other people's packages.")
    parser.add_argument("folder", nargs="+", type=Path, help="packages, or folders of packages")
    parser.add_argument("--race", nargs="*", default=[], help="names of packages to race on")
    parser.add_argument("--rivals", type=Path, default=Path("rivals"))
    asked = parser.parse_args(words)
    scans: list[Scan] = []
    for package in [x for folder in asked.folder for x in find_packages(folder)]:
        scans.append(scan(package))
        sys.stderr.write(f"{package.name} {package.version}: {scans[-1].seconds:.1f} s\n")
    sys.stdout.write(render(scans))
    rivals = commands(asked.rivals)
    chosen = [one for one in scans if one.package.name in asked.race]
    if paces := [pace for one in chosen for pace in race(one, rivals)]:
        sys.stdout.write(f"\nCommands: {', '.join(rivals)}; the rest was not there.\n\n")
        sys.stdout.write(render_race(paces))


if __name__ == "__main__":
    main()
