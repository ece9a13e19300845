"""Pages of the documentation: their code runs, their commands exist, and what they quote is in the code."""

from __future__ import annotations

import contextlib
import inspect
import re
import shlex
from pathlib import Path

import pytest

import salesmate_nb
from salesmate_nb import (
    Salesmate,
    analysis,
    charts,
    errors,
    history,
    report,
    sandbox,
    sentences,
    token_stores,
)
from salesmate_nb._cli.options.parser import make_parser
from salesmate_nb._reading.report import ReadReport

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>.+?) -->\n)?```(?P<language>python|sh)\n(?P<code>.*?)^```$"
    r"(?:\n+^```text\n(?P<printed>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


def blocks(page, language):
    """Return the blocks of a page that run: their code, and the output that follows."""
    found = FENCE.finditer(page.read_text(encoding="utf-8"))
    return [
        (block["code"], block["printed"])
        for block in found
        if block["language"] == language and not block["reason"]
    ]


def name_of(page):
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def boxes():
    """Run the account whose numbers pages print, and one of few deals that all others read."""
    with sandbox.start(behavior="kind") as full, sandbox.start(behavior="kind", deals=120) as small:
        yield {True: full, False: small}


@pytest.fixture
def account(boxes, page, monkeypatch):
    """Let connect() use a sandbox, whatever it is asked for, and stop each sandbox that a page starts."""
    start, connect = sandbox.start, salesmate_nb.connect
    box = boxes[any(re.search("[0-9]{3}", printed or "") for _, printed in blocks(page, "python"))]
    with contextlib.ExitStack() as running:

        def start_here(**options):
            return running.enter_context(start(**({"deals": 120} | options)))

        def connect_here(target=None, **options):
            return connect(target if isinstance(target, sandbox.Sandbox) else box, **options)

        monkeypatch.setattr(sandbox, "start", start_here)
        monkeypatch.setattr(salesmate_nb, "connect", connect_here)
        yield


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name_of)
@pytest.mark.usefixtures("account")
def test_python(page, capsys):
    """The Python blocks of a page run one after the other, and print exactly the text that follows each."""
    names = {}
    for number, (code, printed) in enumerate(blocks(page, "python")):
        if printed and not code.rstrip().splitlines()[-1].startswith("print("):
            *lines, last = code.rstrip().splitlines()
            code = "\n".join([*lines, f"print({last})"])  # noqa: PLW2901 - a notebook shows the last line
        exec(compile(code, f"{name_of(page)}, block {number}", "exec"), names)
        out = capsys.readouterr().out
        assert not printed or out.strip() == printed.strip()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands(page):
    """Each salesmate-nb command of a page, in a block or a sentence, is one that the command line accepts."""
    lines = [line for code, _ in blocks(page, "sh") for line in code.splitlines()]
    lines += re.findall(r"`(salesmate-nb [^`\n]+)`", page.read_text(encoding="utf-8").replace("\\|", "|"))
    commands = [shlex.split(line, comments=True) for line in lines if line.startswith("salesmate-nb ")]
    for _, *arguments in commands:
        ends = [place for place, word in enumerate(arguments) if word in {">", "|", "2>>"}]
        make_parser().parse_args(arguments[: min(ends, default=len(arguments))])


def test_home_is_readme():
    """The home page begins with the code and the frame of README, and README is short."""
    home, readme = (blocks(page, "python")[0] for page in (ROOT / "docs" / "index.md", PAGES[0]))
    assert home == readme
    assert len(PAGES[0].read_text(encoding="utf-8").splitlines()) <= 150


def test_readme_links():
    """Each page of the documentation that README links to is there."""
    linked = re.findall(r"readthedocs\.io/en/latest/([^)#\s]+)\.html", PAGES[0].read_text(encoding="utf-8"))
    pages = {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in PAGES[1:]}
    assert len(linked) > 5
    assert set(linked) <= pages


def test_read_report():
    """The page on the read report explains every key of it."""
    page = (ROOT / "docs" / "reference" / "read-report.md").read_text(encoding="utf-8")
    keys = ReadReport(strategy="keyset", shortfall=(1, 2)).as_attrs()
    assert keys.keys() <= set(re.findall("`([a-z_]+)`", page.partition("(strategies)=")[0]))


@pytest.mark.parametrize(
    "part",
    [salesmate_nb, analysis, charts, history, report, Salesmate, sandbox, sentences, token_stores],
    ids=lambda part: part.__name__,
)
def test_api_reference(part):
    """Every public name is in the API reference."""
    pages = (ROOT / "docs" / "reference" / "api").glob("*.*")
    reference = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    listed = set(re.findall(r"\.\. auto\w+:: (?:\w+\.)*(\w+)$", reference, re.MULTILINE))
    listed |= {kind.__name__ for kind in vars(errors).values() if isinstance(kind, type)}
    names = {name for name in getattr(part, "__all__", dir(part)) if not name.startswith("_")}
    assert names - listed == set()


def test_api_examples():
    """Every function and method has an example in its docstring, or on its page of the API reference."""
    pages = (ROOT / "docs" / "reference" / "api").glob("*.md")
    shown = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    called = set(re.findall(r"\bcrm\.(\w+)\(", shown))
    public = {name: getattr(Salesmate, name) for name in dir(Salesmate) if name[0] != "_"}
    public |= {name: getattr(analysis, name) for name in analysis.__all__}
    without = {
        name
        for name, each in public.items()
        if callable(each) and "Examples\n" not in (inspect.getdoc(each) or "") and name not in called
    }
    assert without <= {"check_login", "identify", "is_offline", "pending_login", "renew"}  # of connect()


def test_reasons():
    """Only blocks that say why are left out, and they are few."""
    skipped = [
        (name_of(page), block["reason"])
        for page in PAGES
        for block in FENCE.finditer(page.read_text(encoding="utf-8"))
        if block["reason"]
    ]
    assert len(skipped) < 15


def test_benchmarks():
    """Figures in the table of the benchmarks are in the file that `make bench` writes."""
    page, measured = (ROOT / "docs" / "explanation" / f"benchmarks.{end}" for end in ("md", "txt"))
    results = re.findall(
        r"^\| [^|]+\| (?!result)([^|]*\d[^|]*)\|$", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    figures = {figure for result in results for figure in re.findall(r"\d[\d,.]*\d|\d", result)}
    assert {"405", "17.4"} <= figures
    assert figures - set(re.findall(r"\d[\d,.]*\d|\d", measured.read_text(encoding="utf-8"))) == set()
