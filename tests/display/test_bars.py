"""Progress bars: what they show, and that nothing of them is left."""

from __future__ import annotations

import queue
import re
import threading

import pytest
from jupyter_client.manager import start_new_kernel

from salesmate_nb._display import bars
from salesmate_nb._display.bars import NotebookBar, TerminalBar, bar_html, bar_text, start_bar
from salesmate_nb._display.progress import Progress


class Screen:
    """An output that records what it shows."""

    def __init__(self):
        self.shown = queue.Queue()
        self.is_clear = True

    def show(self, html, text):
        self.is_clear = False
        self.shown.put((html, text))

    def clear(self):
        self.is_clear = True


@pytest.fixture
def screen(monkeypatch):
    made = Screen()
    monkeypatch.setattr(bars, "Output", lambda: made)
    monkeypatch.setattr(bars, "_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(bars, "_INTERVAL_SECONDS", 0.01)
    return made


def test_notebook_bar(screen):
    """The bar is drawn, follows the read, and is gone at its end with its thread."""
    bar = NotebookBar("deals")
    assert "Reading deals" in screen.shown.get(timeout=30)[0]
    bar.plan(1_000, 3, 0)
    bar.add(590, 1)
    while True:
        html, text = screen.shown.get(timeout=30)
        if "59 %" in html:
            break
    assert 'style="width: 59.0%"' in html
    assert text == "Reading deals: 590 of 1,000 deals, 2 requests left"
    bar.close()
    assert screen.is_clear
    assert not [thread for thread in threading.enumerate() if thread.name == "salesmate_nb-bar"]


def test_quick_read(screen, monkeypatch):
    """A read that is over soon shows no bar at all."""
    monkeypatch.setattr(bars, "_FIRST_SECONDS", 60.0)
    bar = NotebookBar("deals")
    bar.add(10, 1)
    bar.close()
    assert screen.shown.empty()


def test_bar_that_stands_still(screen, monkeypatch):
    """A bar that does not change is drawn again, since one that is not says that the read had not ended."""
    monkeypatch.setattr(bars, "_REPEAT_SECONDS", 0.02)
    bar = NotebookBar("deals")
    first, second = (screen.shown.get(timeout=30)[0] for _ in range(2))
    bar.close()
    assert first == second
    assert '<div class="cut-off">This read had not ended. If no cell is running, run it again.</div>' in first


def test_html():
    """A bar has its role, its value and its words; unknown, it has no value, and moves by itself."""
    progress = Progress("<deals>")
    unknown = bar_html(progress)
    assert 'class="track unknown" role="progressbar" aria-label="Reading &lt;deals&gt;">' in unknown
    progress.plan(200, 1, 0)
    progress.add(50, 1)
    progress.wait("rate limit reached, resuming in 12 min 5 s")
    html = bar_html(progress)
    assert (
        'role="progressbar" aria-label="Rate limit reached, resuming in 12 min 5 s" aria-valuenow="25"'
        in html
    )
    assert "50 of 200 &lt;deals&gt; · 2 requests left · interrupt the cell to stop" in html
    assert "<deals>" not in html
    assert (
        bar_text(progress) == "Rate limit reached, resuming in 12 min 5 s: 50 of 200 <deals>, 2 requests left"
    )


def test_terminal_bar(capsys):
    """In a terminal tqdm shows the same words, and removes its line at the end."""
    bar = start_bar("deals", is_shown=True)
    assert isinstance(bar, TerminalBar)
    bar.plan(1_000, 3, 0)
    bar.add(250, 1)
    bar.wait("request failed, retrying in 2 s")
    bar.wait("")
    bar.close()
    shown = capsys.readouterr().err
    assert "Reading deals, 3 requests left  25% |" in shown
    assert "Request failed, retrying in 2 s" in shown
    assert shown.split("\r")[-2].strip() == ""


def test_no_bar(capsys):
    """Without a bar nothing is shown."""
    bar = start_bar("deals", is_shown=False)
    bar.plan(1_000, 3, 0)
    bar.add(250, 1)
    bar.close()
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_kernel(tmp_path):
    """A kernel sends the bar as one display that is updated, and at the end emptied; no widget, no stderr."""
    manager, client = start_new_kernel(cwd=tmp_path)
    sent = []
    try:
        client.execute_interactive(
            "from salesmate_nb import connect, sandbox\n"
            "box = sandbox.start(deals=2_000, latency=0.3, behavior='kind')\n"
            "shape = connect(box).deals_df(progress=True).shape[0]\n"
            "box.stop()\n"
            "shape",
            output_hook=sent.append,
            timeout=120,
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    kinds = [message["msg_type"] for message in sent]
    assert not {"comm_open", "stream", "error"} & set(kinds)
    shown = [message["content"] for message in sent if "display_data" in message["msg_type"]]
    assert len({content["transient"]["display_id"] for content in shown}) == 1
    assert kinds.count("display_data") == 1
    parts = [re.search(r'aria-valuenow="(\d+)"', content["data"].get("text/html", "")) for content in shown]
    values = [int(part[1]) for part in parts if part]
    assert values == sorted(values)
    assert len(set(values)) >= 3
    assert shown[-1]["data"] == {}
    result = next(message["content"] for message in sent if message["msg_type"] == "execute_result")
    assert result["data"]["text/plain"] == "2000"


@pytest.mark.slow
def test_interrupt_in_a_kernel(tmp_path):
    """Interrupting the cell empties the bar, and shows one line instead of a traceback."""
    manager, client = start_new_kernel(cwd=tmp_path)
    sent = []

    def interrupt_when_shown(message):
        if message["msg_type"] == "display_data":
            manager.interrupt_kernel()
        sent.append(message)

    try:
        client.execute_interactive(
            "from salesmate_nb import connect, sandbox\n"
            "box = sandbox.start(deals=2_000, latency=600, approve='auto')\n"
            "connect(box).deals_df(progress=True)",
            output_hook=interrupt_when_shown,
            timeout=120,
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    shown = [message["content"]["data"] for message in sent if "display_data" in message["msg_type"]]
    assert shown[-1] == {}
    error = next(message["content"] for message in sent if message["msg_type"] == "error")
    sentence = "Reading deals was interrupted. Run this again to read all of them."
    assert (error["ename"], error["evalue"]) == ("Interrupted", sentence)
    assert error["traceback"] == [f"Interrupted: {sentence}"]
