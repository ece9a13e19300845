"""The login panel in a real JupyterLab: what a user sees, does, and saves."""

from __future__ import annotations

import socket
from urllib.parse import parse_qs, urlsplit

import pytest

from salesmate_nb import sandbox
from salesmate_nb._ui import texts

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]
CELLS = [
    "from salesmate_nb import connect, deals_df\nconnection = connect()",
    "deals_df().shape",
    "connection",
]
THREE_LINES = "from salesmate_nb import connect, deals_df\nconnect()\ndf = deals_df()\ndf.shape"
PANEL = ".salesmate-nb"
ROWS = r"text=/^\(30, \d+\)/"
RED = ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']"


@pytest.fixture
def box():
    with sandbox.start(deals=30, approve="ask") as running:
        yield running


def set_up(lab, box, **changes):
    """Write the sandbox's settings into the notebooks' .env, as a user does."""
    settings = {name: box.settings[name] for name in box.settings.keys()} | changes  # noqa: SIM118
    lines = [f"SALESMATE_{name.upper()}={value}" for name, value in settings.items() if value is not None]
    (lab.folder / ".env").write_text("\n".join(lines))


def secrets_of(box):
    """Return every secret that this run sent or issued."""
    found = {box.settings.client_secret}
    for call in box.log:
        found |= {
            call.form.get(name, "") for name in ("code", "code_verifier", "refresh_token", "client_secret")
        }
        found |= {call.headers.get("Authorization", "").removeprefix("Bearer ")}
    return {secret for secret in found if secret}


@pytest.fixture
def notebook(lab, box, open_notebook, request):
    set_up(lab, box, **getattr(request, "param", {}))
    opened = open_notebook(f"{request.node.originalname}.ipynb", CELLS)
    opened.run_cell(0)
    opened.page.wait_for_selector(PANEL)
    return opened


def follow_link(notebook, button):
    """Open the login link, and click a button of the consent page."""
    with notebook.page.context.expect_page() as opened:
        notebook.page.click(f"{PANEL} a.go")
    tab = opened.value
    tab.wait_for_load_state()
    notebook.shot("consent", tab)
    tab.click(f'button:has-text("{button}")')
    tab.wait_for_load_state()
    return tab


def says(notebook, text):
    """Wait until the panel shows a text."""
    notebook.page.wait_for_selector(f"{PANEL} >> text={text}")


def is_connected(notebook, number=0):
    """Wait until the card of a connection has taken the place of a cell's panel."""
    notebook.output(number).locator("text=/Connected (as|to)/").wait_for()
    assert notebook.output(number).locator(PANEL).count() == 0


def address_field(page):
    """Return the field for the address of the last page."""
    return page.get_by_role("textbox", name=texts.ADDRESS_LABEL)


def brightness(locator):
    """Return the sum of red, green and blue of the background, 0 to 765."""
    background = locator.evaluate("it => getComputedStyle(it).backgroundColor")
    return sum(int(part) for part in background.strip("rgba()").split(",")[:3])


def test_allow(notebook, box):
    """Allowing access connects the panel by itself; the next cell reads; a restarted kernel does not ask."""
    says(notebook, texts.WAITING)
    assert brightness(notebook.page.locator(PANEL)) > 700
    assert not notebook.page.locator(f"{PANEL} input").first.is_visible()
    notebook.shot("login-link", notebook.page.locator(PANEL))
    before = notebook.save()
    tab = follow_link(notebook, "Allow")
    assert "Go back to your notebook" in tab.inner_text("body")
    notebook.shot("landing-page", tab)
    is_connected(notebook)
    notebook.shot("connected-by-link", notebook.output(0))
    notebook.run_cell(1)
    notebook.page.wait_for_selector(ROWS)
    after = notebook.save()
    assert [secret for secret in secrets_of(box) if secret in before + after] == []
    assert len(secrets_of(box)) >= 4
    notebook.restart()
    calls = len(box.log)
    notebook.run_cell(0)
    notebook.run_cell(2)
    notebook.output(2).locator("text=Connected to Salesmate").wait_for()
    assert notebook.output(0).inner_text().strip("[]: 0123456789\n") == ""
    assert len(box.log) == calls


def test_deny(notebook):
    """A denial is shown in the panel, and the same login link still works."""
    follow_link(notebook, "Deny")
    notebook.page.wait_for_selector(f"{PANEL} [role=alert]")
    notebook.shot("denied", notebook.page.locator(PANEL))
    follow_link(notebook, "Allow")
    is_connected(notebook)


@pytest.fixture
def busy_port():
    """Return a port that another program uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_paste_if_port_is_busy(lab, box, open_notebook, busy_port):
    """If another program uses the port, the panel asks for the address, and says what is wrong with it."""
    set_up(lab, box, redirect_uri=f"http://127.0.0.1:{busy_port}/callback")
    notebook = open_notebook("paste.ipynb", CELLS)
    notebook.run_cell(0)
    says(notebook, f"Port {busy_port} is in use")
    says(notebook, texts.PASTE_LAST_ADDRESS)
    notebook.shot("port-busy", notebook.page.locator(PANEL))
    with notebook.page.context.expect_page() as opened:
        notebook.page.click(f"{PANEL} a.go")
    tab = opened.value
    landed = []
    tab.on("request", lambda request: landed.append(request.url) if "/callback?" in request.url else None)
    tab.click('button:has-text("Allow")', no_wait_after=True)
    for _ in range(100):
        if landed:
            break
        tab.wait_for_timeout(50)
    tab.close()
    address = landed[0]
    field = address_field(notebook.page)
    state = parse_qs(urlsplit(address).query)["state"][0]
    for pasted, message, name in (
        ("hello", f"begins with http://127.0.0.1:{busy_port}/callback", "not-the-address"),
        (f"http://127.0.0.1:{busy_port}/callback", "/no (authorization )?code/i", "no-code"),
        (address.replace(state, "x" * len(state)), "earlier login attempt", "earlier"),
    ):
        field.fill(pasted)
        field.press("Enter")
        says(notebook, message)
        assert field.input_value() == ""
        notebook.shot(name, notebook.page.locator(PANEL))
    field.fill(address)
    notebook.page.click(f'{PANEL} button:has-text("{texts.CONNECT_BUTTON}")')
    is_connected(notebook)
    text = notebook.save()
    assert [secret for secret in secrets_of(box) if secret in text] == []


def test_second_connect_moves_the_panel(notebook):
    """Running connect() in another cell shows the same login link there; once connected, both say so."""
    link = notebook.page.get_attribute(f"{PANEL} a.go", "href")
    notebook.page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+A")
    notebook.page.keyboard.type("connect()")
    notebook.page.keyboard.press("Control+Enter")
    notebook.page.wait_for_selector(f"text={texts.MOVED}")
    assert notebook.page.get_attribute(f"{PANEL} a.go", "href") == link
    assert notebook.page.locator(f"{PANEL} a.go").count() == 1
    assert "pending" not in notebook.output(1).inner_text()
    follow_link(notebook, "Allow")
    is_connected(notebook, 0)
    is_connected(notebook, 1)
    assert "pending" not in notebook.save()


@pytest.mark.parametrize("cells", [[THREE_LINES], CELLS[:2]], ids=["one cell", "Run All"])
def test_cell_waits_for_login(lab, box, open_notebook, cells):
    """The README's lines work the first time: the cell waits, its panel works, and the cell goes on."""
    set_up(lab, box)
    notebook = open_notebook("wait.ipynb", cells)
    notebook.run_all()
    says(notebook, texts.WAITING)
    notebook.page.click(f'{PANEL} button:has-text("{texts.RESCUE_BUTTON}")')
    address_field(notebook.page).fill("hello")
    address_field(notebook.page).press("Enter")
    says(notebook, "begins with http://127.0.0.1:")
    if len(cells) > 1:
        notebook.output(1).locator(f"text={texts.CELL_WAITS}").wait_for()
    follow_link(notebook, "Allow")
    notebook.page.wait_for_selector(ROWS)
    is_connected(notebook)
    assert texts.CELL_WAITS not in notebook.save()
    assert notebook.page.locator(RED).count() == 0


@pytest.mark.parametrize("cell", [THREE_LINES, CELLS[0].replace("connect()", "connect(wait=600)")])
def test_interrupt_ends_the_wait(lab, box, open_notebook, cell):
    """Interrupting the kernel ends the wait in plain words; the panel keeps working."""
    set_up(lab, box)
    notebook = open_notebook("interrupt.ipynb", [cell, "deals_df().shape"])
    notebook.run_cell(0)
    says(notebook, texts.WAITING)
    notebook.page.wait_for_timeout(1000)
    notebook.menu("Kernel", "Interrupt Kernel")
    notebook.output(0).locator(f"text={texts.RUN_AGAIN}").wait_for()
    notebook.shot("interrupted")
    assert notebook.page.locator(RED).count() == 0
    follow_link(notebook, "Allow")
    is_connected(notebook)
    notebook.run_cell(1)
    notebook.page.wait_for_selector(ROWS)


def test_keyboard_only(notebook):
    """The login link and the field can be used without a mouse."""
    notebook.page.focus(f"{PANEL} a.go")
    with notebook.page.context.expect_page() as opened:
        notebook.page.keyboard.press("Enter")
    opened.value.close()
    notebook.page.keyboard.press("Tab")
    notebook.shot("keyboard", notebook.page.locator(PANEL))
    notebook.page.keyboard.press("Enter")
    address_field(notebook.page).wait_for()
    notebook.page.keyboard.press("Tab")
    address_field(notebook.page).focus()
    notebook.page.keyboard.type("hello")
    notebook.page.keyboard.press("Enter")
    says(notebook, "begins with http://127.0.0.1:")


def test_expired_and_connecting(lab, box, open_notebook):
    """An expired login link is replaced on demand; the panel says while the code is exchanged."""
    set_up(lab, box)
    box.script("/oauth/token", sandbox.ScriptedResponse(real=True, delay=2.0))
    short = "from salesmate_nb._auth import flow\nflow.LIFETIME = 4\n"
    notebook = open_notebook("expired.ipynb", [short + CELLS[0], CELLS[1]])
    notebook.run_cell(0)
    says(notebook, texts.EXPIRED)
    notebook.shot("expired", notebook.page.locator(PANEL))
    notebook.page.click(f'{PANEL} button:has-text("{texts.NEW_LINK_BUTTON}")')
    with notebook.page.context.expect_page() as opened:
        notebook.page.click(f"{PANEL} a.go")
    opened.value.click('button:has-text("Allow")', no_wait_after=True)
    says(notebook, texts.CONNECTING)
    notebook.shot("connecting", notebook.page.locator(PANEL))
    is_connected(notebook)


def test_dark_theme_and_narrow_window(notebook):
    """The card uses the theme's colors, and nothing is cut off in a narrow window."""
    notebook.menu("Settings", "Theme", "JupyterLab Dark")
    notebook.page.wait_for_selector('body[data-jp-theme-light="false"]', state="attached")
    panel = notebook.page.locator(PANEL)
    for width, name in ((620, "login-link-narrow"), (1200, "login-link-dark")):
        notebook.page.set_viewport_size({"width": width, "height": 800})
        notebook.page.wait_for_timeout(800)
        notebook.shot(name, panel)
        assert brightness(panel) < 150
        assert panel.evaluate("it => it.scrollWidth <= it.clientWidth + 1")
    follow_link(notebook, "Allow")
    is_connected(notebook)
    notebook.shot("connected-by-link-dark", notebook.output(0))


def test_vs_code_dark_theme(notebook):
    """VS Code defines its own colors beside Jupyter's light ones: the card uses VS Code's."""
    dark = ":root { --vscode-editor-background: #1e1e1e; --vscode-editor-foreground: #d4d4d4 }"
    notebook.page.add_style_tag(content=dark)
    assert brightness(notebook.page.locator(PANEL)) == 3 * 0x1E
    for element in ("h4", ".soft", "p[role=status]", ".widget-label"):
        color = notebook.page.locator(f"{PANEL} {element}").last.evaluate("it => getComputedStyle(it).color")
        assert color == "rgb(212, 212, 212)", element
    notebook.shot("vs-code", notebook.page.locator(PANEL))


BUTTON = """
import ipywidgets
read, shown = ipywidgets.Button(description='Read'), ipywidgets.Output()
read.on_click(shown.capture()(lambda _: print(deals_df().shape)))
ipywidgets.VBox([read, shown])
"""


@pytest.mark.parametrize("place", ["notebooks", "voila/render"])
def test_notebook_7_and_voila(lab, box, context, busy_port, place):
    """The login works in Notebook 7 and Voila too, although Voila's kernel cannot ask for input."""
    set_up(lab, box, redirect_uri=f"http://127.0.0.1:{busy_port}/callback")
    lab.write("panel.ipynb", [CELLS[0], BUTTON])
    page = context.new_page()
    page.goto(f"{lab.url}/{place}/panel.ipynb?token={lab.token}")
    if place == "notebooks":
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        page.click('.lm-MenuBar-itemLabel:text-is("Run")')
        page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')
    with context.expect_page() as opened:
        page.click(f"{PANEL} a.go")
    with opened.value.expect_request("**/callback?*") as landed:
        opened.value.click('button:has-text("Allow")', no_wait_after=True)
    assert brightness(page.locator(PANEL)) > 700
    address_field(page).fill(landed.value.url)
    address_field(page).press("Enter")
    page.wait_for_selector("text=/Connected (as|to)/")
    page.click('button:has-text("Read")')
    page.wait_for_selector(ROWS)
