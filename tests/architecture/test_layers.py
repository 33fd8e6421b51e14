"""The import rules in pyproject.toml are able to fail; `make check` holds the package to them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def _lint(folder: Path, modules: dict[str, str]) -> str:
    """What import-linter says of a small package under the project's own rules."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, text in {
        "errors.py": "",
        "core/__init__.py": "",
        "__init__.py": "",
        **modules,
    }.items():
        path = folder / "sellkit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def test_imports_downwards_and_libraries_at_home_are_kept(tmp_path: Path) -> None:
    modules = {
        "cli.py": "from sellkit.core import x",
        "core/x.py": "import sellkit.errors",
        "adapters/__init__.py": "",
        "adapters/ib/__init__.py": "import ib_insync",
    }
    assert "0 broken" in _lint(tmp_path, modules)


def test_imports_upwards_and_sideways_libraries_abroad_and_new_rows_are_broken(
    tmp_path: Path,
) -> None:
    said = _lint(
        tmp_path,
        {
            "core/x.py": "import sellkit.operate",
            "operate/__init__.py": "import sellkit.research",
            "research/__init__.py": "import ib_insync",
            "helpers.py": "",
        },
    )
    assert "sellkit.core is not allowed to import sellkit.operate" in said
    assert "sellkit.operate is not allowed to import sellkit.research" in said
    assert "sellkit.research is not allowed to import ib_insync" in said
    assert "- sellkit.helpers" in said
