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
PANEL = ".salesmate-nb"


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


def brightness(locator):
    """Return the sum of red, green and blue of the background, 0 to 765."""
    background = locator.evaluate("it => getComputedStyle(it).backgroundColor")
    return sum(int(part) for part in background.strip("rgba()").split(",")[:3])


def test_allow(notebook, box):
    """Allowing access connects the panel by itself; the next cell reads; a restarted kernel does not ask."""
    says(notebook, texts.WAITING)
    assert brightness(notebook.page.locator(PANEL)) > 700
    notebook.shot("sign-in", notebook.page.locator(PANEL))
    before = notebook.save()
    tab = follow_link(notebook, "Allow")
    assert "close this tab" in tab.inner_text("body")
    notebook.shot("done", tab)
    says(notebook, texts.LOGGED_IN)
    notebook.shot("connected", notebook.page.locator(PANEL))
    assert notebook.page.locator(f"{PANEL} a.go").count() == 0
    assert not notebook.page.locator(f"{PANEL} input").is_visible()
    notebook.run_cell(1)
    notebook.page.wait_for_selector("text=(30, 29)")
    after = notebook.save()
    assert [secret for secret in secrets_of(box) if secret in before + after] == []
    assert len(secrets_of(box)) >= 4
    notebook.restart()
    calls = len(box.log)
    notebook.run_cell(0)
    notebook.run_cell(2)
    notebook.page.wait_for_selector("text=authorized")
    assert notebook.output(0).locator(PANEL).count() == 0
    assert len(box.log) == calls


def test_deny(notebook):
    """A denial is shown in the panel, and the same login link still works."""
    follow_link(notebook, "Deny")
    notebook.page.wait_for_selector(f"{PANEL} [role=alert]")
    notebook.shot("denied", notebook.page.locator(PANEL))
    follow_link(notebook, "Allow")
    says(notebook, texts.LOGGED_IN)


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
    field = notebook.page.get_by_label(texts.ADDRESS_LABEL)
    state = parse_qs(urlsplit(address).query)["state"][0]
    for pasted, message, name in (
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
    says(notebook, texts.LOGGED_IN)
    text = notebook.save()
    assert [secret for secret in secrets_of(box) if secret in text] == []


def test_second_connect_moves_the_panel(notebook):
    """Running connect() in another cell shows the same login link there, and retires the old panel."""
    link = notebook.page.get_attribute(f"{PANEL} a.go", "href")
    notebook.page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+A")
    notebook.page.keyboard.type("connect()")
    notebook.page.keyboard.press("Control+Enter")
    says(notebook, texts.MOVED)
    assert notebook.page.get_attribute(f"{PANEL} a.go", "href") == link
    assert notebook.page.locator(f"{PANEL} a.go").count() == 1


def test_run_all_waits_for_login(lab, box, open_notebook):
    """connect(wait=...) blocks the cell, not the panel: after the login the next cell has a frame."""
    set_up(lab, box)
    notebook = open_notebook("wait.ipynb", [CELLS[0].replace("connect()", "connect(wait=60)"), CELLS[1]])
    notebook.run_all()
    says(notebook, texts.PASTE_AFTER_INTERRUPT)
    assert notebook.page.get_by_label(texts.ADDRESS_LABEL).is_disabled()
    assert "[*]" in notebook.page.locator(".jp-Notebook .jp-Cell").nth(0).inner_text()
    follow_link(notebook, "Allow")
    notebook.page.wait_for_selector("text=(30, 29)")


def test_interrupt_ends_the_wait(lab, box, open_notebook):
    """Interrupting the kernel ends the wait; the panel keeps working."""
    set_up(lab, box)
    notebook = open_notebook(
        "interrupt.ipynb", [CELLS[0].replace("connect()", "connect(wait=600)"), CELLS[1]]
    )
    notebook.run_cell(0)
    says(notebook, texts.WAITING)
    notebook.menu("Kernel", "Interrupt Kernel")
    notebook.page.wait_for_selector("text=KeyboardInterrupt")
    notebook.page.wait_for_function("() => !document.querySelector('.salesmate-nb input').disabled")
    follow_link(notebook, "Allow")
    says(notebook, texts.LOGGED_IN)


def test_keyboard_only(notebook):
    """The login link and the field can be used without a mouse."""
    notebook.page.focus(f"{PANEL} a.go")
    with notebook.page.context.expect_page() as opened:
        notebook.page.keyboard.press("Enter")
    assert "oauth/authorize" in opened.value.url
    notebook.page.bring_to_front()
    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Tab")
    assert notebook.page.evaluate("document.activeElement.innerText") == texts.CONNECT_BUTTON
    notebook.page.keyboard.press("Shift+Tab")
    notebook.page.keyboard.type("http://localhost:3000/callback")
    notebook.page.keyboard.press("Enter")
    says(notebook, "/no (authorization )?code/i")


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
    notebook.shot("working", notebook.page.locator(PANEL))
    says(notebook, texts.LOGGED_IN)


def test_no_credentials(lab, open_notebook):
    """Without settings the panel says what to put in .env, and how to try the sandbox."""
    (lab.folder / ".env").write_text("")
    notebook = open_notebook("none.ipynb", CELLS)
    notebook.run_cell(0)
    says(notebook, "No account is set up yet")
    notebook.shot("no-credentials", notebook.output(0))
    assert "SALESMATE_CLIENT_ID is not set" in notebook.output(0).inner_text()
    assert "Traceback" not in notebook.output(0).inner_text()


@pytest.mark.parametrize("width", [1200, 620])
def test_dark_theme_and_narrow_window(notebook, width):
    """The card uses the theme's colors, and nothing is cut off in a narrow window."""
    notebook.page.click('.lm-MenuBar-itemLabel:text-is("Settings")')
    notebook.page.hover('.lm-Menu-itemLabel:text-is("Theme")')
    notebook.page.click('.lm-Menu-itemLabel:text-is("JupyterLab Dark")')
    notebook.page.wait_for_selector('body[data-jp-theme-light="false"]', state="attached")
    notebook.page.set_viewport_size({"width": width, "height": 800})
    notebook.page.wait_for_timeout(800)
    panel = notebook.page.locator(PANEL)
    notebook.shot("sign-in-dark" if width > 1000 else "narrow", panel if width > 1000 else None)
    assert brightness(panel) < 150
    assert panel.evaluate("it => it.scrollWidth <= it.clientWidth + 1")
    if width > 1000:
        follow_link(notebook, "Allow")
        says(notebook, texts.LOGGED_IN)
        notebook.shot("connected-dark", panel)


def test_vs_code_dark_theme(notebook):
    """VS Code defines its own colors beside Jupyter's light ones: the card uses VS Code's."""
    dark = ":root { --vscode-editor-background: #1e1e1e; --vscode-editor-foreground: #d4d4d4 }"
    notebook.page.add_style_tag(content=dark)
    assert brightness(notebook.page.locator(PANEL)) == 3 * 0x1E
    for element in ("h4", ".hint", "p[role=status]", ".widget-label"):
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
    lab.write("elsewhere.ipynb", [CELLS[0], BUTTON])
    page = context.new_page()
    page.goto(f"{lab.url}/{place}/elsewhere.ipynb?token={lab.token}")
    if place == "notebooks":
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        page.click('.lm-MenuBar-itemLabel:text-is("Run")')
        page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')
    with context.expect_page() as opened:
        page.click(f"{PANEL} a.go")
    with opened.value.expect_request("**/callback?*") as landed:
        opened.value.click('button:has-text("Allow")', no_wait_after=True)
    field = page.get_by_label(texts.ADDRESS_LABEL)
    field.fill(landed.value.url)
    field.press("Enter")
    page.wait_for_selector(f"{PANEL} >> text={texts.LOGGED_IN}")
    page.click('button:has-text("Read")')
    page.wait_for_selector("text=(30, 29)")
    assert brightness(page.locator(PANEL)) > 700
