"""The login panel in a real JupyterLab: what a person sees, does, and saves."""

from __future__ import annotations

import socket
from urllib.parse import parse_qs, urlsplit

import pytest

from salesmate_nb import sandbox

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
    """Write the sandbox's settings into the notebooks' .env, as a person does."""
    settings = {name: box.settings[name] for name in box.settings.keys()} | changes  # noqa: SIM118
    lines = [f"SALESMATE_{name.upper()}={value}" for name, value in settings.items() if value is not None]
    (lab.folder / ".env").write_text("\n".join(lines))


def secrets_of(box):
    """Return every secret that crossed the wire or was issued in this run."""
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
    """Click the panel's link, and a button of the consent page in the tab it opens."""
    with notebook.page.context.expect_page() as opened:
        notebook.page.click(f"{PANEL} a.go")
    tab = opened.value
    tab.wait_for_load_state()
    notebook.shot("consent", tab)
    tab.click(f'button:has-text("{button}")')
    tab.wait_for_load_state()
    return tab


def says(notebook, text):
    """Wait until the panel says something."""
    notebook.page.wait_for_selector(f"{PANEL} >> text={text}")


def brightness(locator):
    """Return the sum of the colours of what something stands on, 0 to 765."""
    background = locator.evaluate("it => getComputedStyle(it).backgroundColor")
    return sum(int(part) for part in background.strip("rgba()").split(",")[:3])


def test_allowing_connects_and_stays_connected(notebook, box):
    """Link, Allow, and the panel flips by itself; the next cell reads; a restarted kernel is silent."""
    says(notebook, "Waiting for Salesmate")
    assert brightness(notebook.page.locator(PANEL)) > 700
    notebook.shot("sign-in", notebook.page.locator(PANEL))
    before = notebook.save()
    tab = follow_link(notebook, "Allow")
    assert "close this tab" in tab.inner_text("body")
    notebook.shot("done", tab)
    says(notebook, "You are logged in")
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


def test_denying_is_said_and_the_link_still_works(notebook):
    """Deny shows in the panel; the same link then allows."""
    follow_link(notebook, "Deny")
    says(notebook, "Consent was refused")
    notebook.shot("denied", notebook.page.locator(PANEL))
    follow_link(notebook, "Allow")
    says(notebook, "You are logged in")


@pytest.fixture
def taken():
    """Another program's socket on a port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_pasting_where_the_redirect_cannot_be_caught(lab, box, open_notebook, taken):
    """With the port taken the panel asks for the address; wrong ones are told apart."""
    set_up(lab, box, redirect_uri=f"http://127.0.0.1:{taken}/callback")
    notebook = open_notebook("paste.ipynb", CELLS)
    notebook.run_cell(0)
    says(notebook, f"Port {taken} is in use")
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
    field = notebook.page.get_by_label("Address")
    state = parse_qs(urlsplit(address).query)["state"][0]
    for pasted, words, name in (
        (f"http://127.0.0.1:{taken}/callback", "no code", "no-code"),
        (address.replace(state, "x" * len(state)), "earlier login attempt", "earlier"),
    ):
        field.fill(pasted)
        field.press("Enter")
        says(notebook, words)
        assert field.input_value() == ""
        notebook.shot(name, notebook.page.locator(PANEL))
    field.fill(address)
    notebook.page.click(f'{PANEL} button:has-text("Connect")')
    says(notebook, "You are logged in")
    text = notebook.save()
    assert [secret for secret in secrets_of(box) if secret in text] == []


def test_running_the_cell_again_keeps_the_login_and_retires_the_old_panel(notebook):
    """The same link is shown again; a panel that stands elsewhere gives way."""
    link = notebook.page.get_attribute(f"{PANEL} a.go", "href")
    notebook.page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+A")
    notebook.page.keyboard.type("connect()")
    notebook.page.keyboard.press("Control+Enter")
    says(notebook, "shown in a newer cell")
    assert notebook.page.get_attribute(f"{PANEL} a.go", "href") == link
    assert notebook.page.locator(f"{PANEL} a.go").count() == 1


def test_run_all_waits_for_the_person(lab, box, open_notebook):
    """connect(wait=...) blocks the cell, not the panel: the next cell has a frame once somebody allowed."""
    set_up(lab, box)
    notebook = open_notebook("wait.ipynb", [CELLS[0].replace("connect()", "connect(wait=60)"), CELLS[1]])
    notebook.run_all()
    says(notebook, "Interrupt this cell, then paste")
    assert notebook.page.get_by_label("Address").is_disabled()
    assert "[*]" in notebook.page.locator(".jp-Notebook .jp-Cell").nth(0).inner_text()
    follow_link(notebook, "Allow")
    notebook.page.wait_for_selector("text=(30, 29)")


def test_waiting_can_be_interrupted(lab, box, open_notebook):
    """Interrupting the kernel ends the wait; the panel goes on working."""
    set_up(lab, box)
    notebook = open_notebook(
        "interrupt.ipynb", [CELLS[0].replace("connect()", "connect(wait=600)"), CELLS[1]]
    )
    notebook.run_cell(0)
    says(notebook, "Waiting for Salesmate")
    notebook.menu("Kernel", "Interrupt Kernel")
    notebook.page.wait_for_selector("text=KeyboardInterrupt")
    notebook.page.wait_for_function("() => !document.querySelector('.salesmate-nb input').disabled")
    follow_link(notebook, "Allow")
    says(notebook, "You are logged in")


def test_the_keyboard_alone_will_do(notebook):
    """The link and the field are reached and used without a mouse."""
    notebook.page.focus(f"{PANEL} a.go")
    with notebook.page.context.expect_page() as opened:
        notebook.page.keyboard.press("Enter")
    assert "oauth/authorize" in opened.value.url
    notebook.page.bring_to_front()
    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Tab")
    assert notebook.page.evaluate("document.activeElement.innerText") == "Connect"
    notebook.page.keyboard.press("Shift+Tab")
    notebook.page.keyboard.type("http://localhost:3000/callback")
    notebook.page.keyboard.press("Enter")
    says(notebook, "no code")


def test_working_and_expired_are_said(lab, box, open_notebook):
    """While the code is exchanged the panel says so; a link that has expired is replaced on demand."""
    set_up(lab, box)
    box.script("/oauth/token", sandbox.Answer(real=True, delay=2.0))
    short = "from salesmate_nb._auth import flow as login\nlogin.LIFETIME = 4\n"
    notebook = open_notebook("expired.ipynb", [short + CELLS[0], CELLS[1]])
    notebook.run_cell(0)
    says(notebook, "This link has expired")
    notebook.shot("expired", notebook.page.locator(PANEL))
    notebook.page.click(f'{PANEL} button:has-text("Get a fresh link")')
    with notebook.page.context.expect_page() as opened:
        notebook.page.click(f"{PANEL} a.go")
    opened.value.click('button:has-text("Allow")', no_wait_after=True)
    says(notebook, "Connecting")
    notebook.shot("working", notebook.page.locator(PANEL))
    says(notebook, "You are logged in")


def test_no_credentials_is_a_card_with_what_to_do(lab, open_notebook):
    """Without settings the panel says what to put in .env, and how to try the sandbox."""
    (lab.folder / ".env").write_text("")
    notebook = open_notebook("none.ipynb", CELLS)
    notebook.run_cell(0)
    says(notebook, "No account is set up yet")
    notebook.shot("no-credentials", notebook.output(0))
    assert "SALESMATE_CLIENT_ID is not set" in notebook.output(0).inner_text()
    assert "Traceback" not in notebook.output(0).inner_text()


@pytest.mark.parametrize("width", [1200, 620])
def test_the_dark_theme_and_a_narrow_window(notebook, width):
    """The card takes the theme's colours, and nothing is cut off in a narrow window."""
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
        says(notebook, "You are logged in")
        notebook.shot("connected-dark", panel)


def test_vs_codes_dark_theme_is_followed(notebook):
    """VS Code has its own colours beside Jupyter's light ones: the card and all its words take those."""
    dark = ":root { --vscode-editor-background: #1e1e1e; --vscode-editor-foreground: #d4d4d4 }"
    notebook.page.add_style_tag(content=dark)
    assert brightness(notebook.page.locator(PANEL)) == 3 * 0x1E
    for words in ("h4", ".hint", "p[role=status]", ".widget-label"):
        color = notebook.page.locator(f"{PANEL} {words}").last.evaluate("it => getComputedStyle(it).color")
        assert color == "rgb(212, 212, 212)", words
    notebook.shot("vs-code", notebook.page.locator(PANEL))


BUTTON = """
import ipywidgets
read, shown = ipywidgets.Button(description='Read'), ipywidgets.Output()
read.on_click(shown.capture()(lambda _: print(deals_df().shape)))
ipywidgets.VBox([read, shown])
"""


@pytest.mark.parametrize("place", ["notebooks", "voila/render"])
def test_the_panel_works_in_notebook_7_and_in_voila(lab, box, context, taken, place):
    """Link and paste log in there too; Voila's kernel takes no input, and shows the panel all the same."""
    set_up(lab, box, redirect_uri=f"http://127.0.0.1:{taken}/callback")
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
    field = page.get_by_label("Address")
    field.fill(landed.value.url)
    field.press("Enter")
    page.wait_for_selector(f"{PANEL} >> text=You are logged in")
    page.click('button:has-text("Read")')
    page.wait_for_selector("text=(30, 29)")
    assert brightness(page.locator(PANEL)) > 700
