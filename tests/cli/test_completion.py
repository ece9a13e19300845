"""What Tab completes, in functions and in real shells."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time

import pytest

from salesmate_nb._cli.completion import column_names, file_names, folder_names, profile_names

SETUP = {  # how each shell starts without a person's own files, and what its start file has
    "bash": (["bash", "--norc", "-i"], 'eval "$(salesmate-nb completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -Uz compinit; compinit -u; eval "$(salesmate-nb completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "salesmate-nb completion fish | source"),
}


@pytest.mark.parametrize(
    ("resource", "typed", "completed"),
    [
        ("deals", "win", ["win_probability"]),
        ("deals", "id,title,win", ["id,title,win_probability"]),
        ("users", "is", ["is_active"]),
        ("fields", "", []),
    ],
)
def test_columns(resource, typed, completed):
    """The last of several columns is completed."""
    assert column_names(resource)(typed) == completed


@pytest.mark.filterwarnings("error")
def test_profiles(monkeypatch, tmp_path):
    """Stored profiles are completed; settings that cannot be read complete nothing, and say nothing."""
    for name in ("emea", "apac"):
        (tmp_path / f"{name}.json").touch()
    monkeypatch.setenv("SALESMATE_TOKEN_CACHE", str(tmp_path))
    assert profile_names("e") == ["emea"]
    monkeypatch.setenv("SALESMATE_CONCURRENCY", "many")
    assert profile_names("e") == []


def test_without_the_extra(run, monkeypatch):
    """Without argcomplete, one line says what to install, and other commands go on."""
    monkeypatch.setitem(sys.modules, "argcomplete", None)
    monkeypatch.setitem(sys.modules, "argcomplete.shell_integration", None)
    code, out, err = run("completion", "bash")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert 'pip install "salesmate-nb[completion]"' in err
    monkeypatch.setenv("_ARGCOMPLETE", "1")
    assert run("--version")[0] == 0


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("won", ["won.csv", "wonders/"]),
        ("wonders/", ["wonders/old.csv"]),
        ("wonders/.", ["wonders/.hidden"]),
        ("~/won", ["~/won.csv", "~/wonders/"]),
        ("won.csv/", []),
    ],
)
def test_files(tmp_path, monkeypatch, typed, completed):
    """Files are completed where one is named, as they are written; folders alone where a folder is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "wonders").mkdir()
    for name in ("won.csv", "wonders/old.csv", "wonders/.hidden"):
        (tmp_path / name).touch()
    assert file_names(typed) == completed
    assert folder_names(typed) == [path for path in completed if path.endswith("/")]


def test_no_files(run):
    """The code for bash does not fall back to files where nothing is completed, as after --profile."""
    assert "-o default" not in run("completion", "bash")[1]


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("deals --columns id,tit", "id,title"),
        ("deals --status W", "Won"),
        ("deals --output no", "notes.csv"),
        ("deals --owner no", ""),
        ("status --profile no", ""),
    ],
)
def test_a_tab(tmp_path, typed, completed):
    """A Tab completes the line without importing pandas, which takes most of a second."""
    (tmp_path / "notes.csv").touch()
    line = f"salesmate-nb {typed}"
    variables = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "completed"),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "salesmate_nb"],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
        check=True,
        cwd=tmp_path,
    )
    assert (tmp_path / "completed").read_text().strip() == completed
    assert "argcomplete" in done.stderr
    assert "pandas" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="these shells run in a POSIX terminal")
@pytest.mark.parametrize("shell", SETUP)
def test_in_a_shell(shell, tmp_path):
    """In a real shell, Tab completes a command, an option, a choice and a column."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    command = tmp_path / "salesmate-nb"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m salesmate_nb "$@"\n')
    command.chmod(0o755)
    start, line = SETUP[shell]
    (tmp_path / "notes.csv").touch()
    with _Shell(start, tmp_path) as terminal:
        terminal.type(f'{line}; echo 4""2\r')
        terminal.read_until("42")
        for typed, rest in {
            "pipe": "lines",
            "deals --created-s": "ince",
            "snapshot act": "ivities",
            "deals --columns id,deal_v": "alue",
        }.items():
            terminal.type(f"salesmate-nb {typed}\t")
            terminal.read_until(re.escape(typed.split()[-1]) + rest)
            terminal.type("\x15")  # clears the line
        terminal.type("salesmate-nb deals --owner no\t.")
        terminal.read_until(r"--owner no\W*\.")


class _Shell:
    """A shell in a terminal of its own."""

    def __init__(self, command, folder):
        import fcntl  # these three are POSIX only
        import pty
        import termios

        self.handle, device = pty.openpty()
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "HOME": str(folder), "TERM": "xterm"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        self.process = subprocess.Popen(
            command,
            stdin=device,
            stdout=device,
            stderr=device,
            env=environment,
            cwd=folder,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - fish needs it
        )
        os.close(device)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.handle)

    def type(self, text):
        self.text = ""
        os.write(self.handle, text.encode())

    def read_until(self, pattern):
        """Read until a pattern matches, and reply to what the shell asks its terminal."""
        deadline = time.monotonic() + 60
        while not re.search(pattern, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text)):
            assert time.monotonic() < deadline, self.text
            if select.select([self.handle], [], [], 0.1)[0]:
                new = os.read(self.handle, 65536).decode(errors="replace")
                for question, reply in {"\x1b[6n": b"\x1b[1;1R", "\x1b[c": b"\x1b[?62c"}.items():
                    if question in new:
                        os.write(self.handle, reply)
                self.text += new
