"""Progress bars: HTML in a notebook, tqdm in a terminal. At their end they are gone."""

from __future__ import annotations

import contextvars
import html
import threading
import time

from tqdm import tqdm

from salesmate_nb._base.fork import renew_in_child
from salesmate_nb._display.output import Output, running_kernel
from salesmate_nb._display.progress import Progress

_FIRST_SECONDS = 0.4  # before a bar is shown: most reads of a few pages are done by then
_INTERVAL_SECONDS = 0.2
_REPEAT_SECONDS = 5.0  # a bar that is not drawn again for three times as long says so
_CUT_OFF = "This read had not ended. If no cell is running, run it again."

# Colors are those around it, and one blue that has enough contrast in both themes
_STYLE = """<style>
.salesmate-bar { max-width: 640px; margin: 4px 0; font-size: 13px; line-height: 1.5; color: inherit }
.salesmate-bar .line { display: flex; flex-wrap: wrap; justify-content: space-between; column-gap: 16px;
  font-variant-numeric: tabular-nums }
.salesmate-bar .title { font-weight: 600 }
.salesmate-bar .details { opacity: .8 }
.salesmate-bar .track { height: 8px; margin: 3px 0 5px; border-radius: 4px; overflow: hidden;
  background: rgba(127, 127, 127, .25) }
.salesmate-bar .fill { height: 100%; border-radius: 4px; background: #3b82f6 }
.salesmate-bar .waiting .fill { background: #d97706 }
.salesmate-bar .unknown .fill { width: 30%; animation: salesmate-bar 1.6s ease-in-out infinite alternate }
@keyframes salesmate-bar { from { margin-left: 0 } to { margin-left: 70% } }
@media (prefers-reduced-motion: reduce) { .salesmate-bar .unknown .fill { animation: none } }
.salesmate-bar .live { animation: salesmate-bar-end 0s 15s forwards }
.salesmate-bar .cut-off { visibility: hidden; max-height: 0; animation: salesmate-bar-cut 0s 15s forwards }
@keyframes salesmate-bar-end { to { visibility: hidden; max-height: 0 } }
@keyframes salesmate-bar-cut { to { visibility: visible; max-height: none } }
</style>"""

renew_in_child(tqdm, lambda bars: bars.set_lock(threading.RLock()))  # a thread may have been drawing a bar


def start_bar(noun: str, *, is_shown: bool) -> Progress:
    """Return the progress of a read that begins now, with the bar that suits this process.

    Parameters
    ----------
    noun : str
        What is read, as ``"deals"``.
    is_shown : bool
        Whether there is a bar at all.
    """
    if not is_shown:
        return Progress(noun)
    return TerminalBar(noun) if running_kernel() is None else NotebookBar(noun)


class TerminalBar(Progress):
    """A tqdm bar on stderr.

    Parameters
    ----------
    noun : str
        What is read.
    """

    def __init__(self, noun: str) -> None:
        super().__init__(noun)
        self._tqdm = tqdm(desc=self.title, unit=f" {noun}", leave=False)

    def close(self) -> None:
        """Remove the bar."""
        self._tqdm.close()

    def _changed(self) -> None:
        bar = self._tqdm
        bar.total = self.total
        if self.total:  # tqdm would add a pace, and a time left that knows of no waits
            bar.bar_format = "{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt}"
        bar.set_description_str(", ".join([self.title, *self.details[1:]]), refresh=False)
        if not bar.update(self.rows - bar.n):
            bar.refresh()


class NotebookBar(Progress):
    """A bar of HTML below the running cell, drawn by a thread of its own several times a second.

    It is not drawn at all if the read is over before. At its end the output is emptied, so that a saved
    notebook holds nothing of it. A notebook that was saved during the read shows it for 15 seconds, then that
    the read had not ended.

    Parameters
    ----------
    noun : str
        What is read.
    """

    def __init__(self, noun: str) -> None:
        super().__init__(noun)
        self._output = Output()
        self._closed = threading.Event()
        run = contextvars.copy_context().run  # by it, ipykernel knows the cell
        self._thread = threading.Thread(target=run, args=(self._draw,), name="salesmate_nb-bar", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Remove the bar."""
        self._closed.set()
        self._thread.join()
        self._output.clear()

    def _draw(self) -> None:
        shown, shown_at, delay = "", 0.0, _FIRST_SECONDS
        while not self._closed.wait(delay):
            now = time.monotonic()
            if (bar := bar_html(self)) != shown or now - shown_at >= _REPEAT_SECONDS:
                self._output.show(bar, bar_text(self))
                shown, shown_at = bar, now
            delay = _INTERVAL_SECONDS


def bar_html(progress: Progress) -> str:
    """Return the bar as HTML."""
    fraction = progress.fraction
    kinds = "track" + (" waiting" if progress.waiting else "") + (" unknown" if fraction is None else "")
    percent = None if fraction is None else int(fraction * 100)
    value = "" if percent is None else f' aria-valuenow="{percent}"'
    width = "" if fraction is None else f' style="width: {fraction:.1%}"'
    title = html.escape(progress.title)
    details = [*progress.details, *(["interrupt the cell to stop"] if progress.waiting else [])]
    return (
        f'{_STYLE}<div class="salesmate-bar"><div class="live"><div class="line">'
        f'<span class="title">{title}</span>'
        f"<span>{'' if percent is None else f'{percent} %'}</span></div>"
        f'<div class="{kinds}" role="progressbar" aria-label="{title}"{value}>'
        f'<div class="fill"{width}></div></div>'
        f'<div class="line details">{html.escape(" · ".join(details))}</div></div>'
        f'<div class="cut-off">{_CUT_OFF}</div></div>'
    )


def bar_text(progress: Progress) -> str:
    """Return the same as one line of text."""
    return ": ".join(filter(None, [progress.title, ", ".join(progress.details)]))
