"""The tests mirror the package: `tests/package/test_module.py` tests `salesmate_nb/_package/module.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE, TESTS = ROOT / "salesmate_nb", ROOT / "tests"
WITHOUT_CODE = {"sandbox/fake_data/test_vocabulary.py"}  # a source file of words alone needs no tests
SEVERAL_FILES = {  # what no single source file does
    "auth/test_token_load.py",
    "benchmarks/test_work.py",
    "charts/test_readable.py",
    "reading/test_behaviours.py",
    "snapshot/test_killed.py",
    "snapshot/test_lives.py",
    "snapshot/test_thirty_days.py",
    "test_live_account.py",
    "test_live_values.py",
    "notebooks/test_accounts.py",
    "notebooks/test_figures.py",
    "notebooks/test_pictures.py",
    "notebooks/test_run.py",
    "notebooks/test_saved.py",
    "resources/test_registry.py",
    "docs/test_dictionary.py",
    "docs/test_errors_page.py",
    "docs/test_file_formats.py",
    "docs/test_pages.py",
    "docs/test_site.py",
    "test_docs.py",
    "test_faults.py",
    "test_mirror.py",
    "test_package.py",
    "test_sandbox_reads.py",
    "test_tracebacks.py",
    "test_wheel.py",
    "test_words.py",
    "typing/test_api.py",
    "ui/test_prompt_terminal.py",
}


def mirrored(source):
    """Return where a source file's tests belong."""
    *packages, name = (part.removeprefix("_") for part in source.relative_to(PACKAGE).parts)
    return "/".join([*packages, f"test_{name}"])


MIRRORED = {mirrored(path) for path in PACKAGE.rglob("*.py") if path.stem != "__init__"}
FILES = {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}


@pytest.mark.parametrize("expected", sorted(MIRRORED - WITHOUT_CODE))
def test_source_has_tests(expected):
    """Every source file has its tests at the mirrored path."""
    assert expected in FILES


@pytest.mark.parametrize("file", sorted(name for name in FILES if not name.startswith("browser/")))
def test_tests_have_a_source(file):
    """Every test file mirrors a source file, or is listed as one that tests several."""
    assert file in MIRRORED | SEVERAL_FILES
