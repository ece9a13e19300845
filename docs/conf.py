"""How the documentation is built: `make docs` does it, offline and strictly."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from docutils import nodes

import salesmate_nb
from salesmate_nb._history.folder import VERSION as HISTORY_VERSION
from salesmate_nb._snapshot.store import VERSION as SNAPSHOT_VERSION

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "salesmate_nb"
author = project_copyright = "The salesmate_nb developers"
version = release = salesmate_nb.__version__

extensions = [
    "command_line",  # the help of each command
    "dictionary",  # the data dictionary, from the package's own schemas
    "myst_nb",  # pages in Markdown, and the notebooks with the outputs that are saved in them
    "numpydoc",  # the docstrings' sections
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",  # cards and tabs
]
exclude_patterns = ["_ext", "_static"]
nitpicky = True  # each cross-reference must lead somewhere
nitpick_ignore_regex = [
    # The names of other libraries. Their inventories would have to be downloaded, and the build is offline.
    ("py:.*", r"(pandas|pd|pyarrow|pa|requests|numpy|np|datetime|dt|pathlib|collections|typing)\..*"),
]

# --- Markdown
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "substitution"]
myst_heading_anchors = 4
has_figures = (HERE / "explanation" / "benchmarks.txt").exists()  # what `make bench` has written
myst_substitutions = {
    "figures": "```{literalinclude} benchmarks.txt\n:language: text\n```" if has_figures else "",
    "snapshot_version": str(SNAPSHOT_VERSION),
    "history_version": str(HISTORY_VERSION),
}
suppress_warnings = ["mystnb.unknown_mime_type"]  # the login card's own type, which only a notebook shows

# --- Notebooks: their saved outputs are shown, and nothing is run or loaded from elsewhere.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True

# --- Docstrings
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # each type is explained under Parameters
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# --- The pages
html_theme = "furo"
pygments_dark_style = "github-dark"
html_title = "salesmate_nb"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {"color-brand-primary": "#1557b0", "color-brand-content": "#1557b0"},
    "dark_css_variables": {"color-brand-primary": "#7db3ff", "color-brand-content": "#7db3ff"},
    "footer_icons": [
        {
            "name": "GitHub",
            "url": "https://github.com/salesmate-nb/salesmate_nb",
            "html": "GitHub",
            "class": "",
        },
    ],
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"


def _bring(name: str, *patterns: str) -> None:
    """Copy what lies beside docs/ to where Sphinx reads it; both folders are ignored by git."""
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for pattern in patterns:
        for path in sorted(HERE.parent.glob(pattern)):
            shutil.copy(path, folder / path.name)


_bring("notebooks", "notebooks/*.ipynb")


def _describe(app: Any, page: nodes.document) -> None:
    """Give the pictures of a notebook the alternative texts that its charts have saved beside them."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    charts = [output for output in outputs if "image/png" in output.get("data", {})]
    for picture, chart in zip(page.findall(nodes.image), charts, strict=True):
        picture["alt"] = chart["metadata"]["image/png"]["alt"]


def _public(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Look up a name of a docstring that is exported by the package: ``Salesmate.deals_df``."""
    if node.get("refdomain") != "py" or node["reftarget"].startswith("salesmate_nb."):
        return None
    target = f"salesmate_nb.{node['reftarget']}"
    python = env.get_domain("py")
    return python.resolve_xref(env, node["refdoc"], app.builder, node["reftype"], target, node, content)


def setup(app: Any) -> None:
    """Connect what is above."""
    app.connect("missing-reference", _public)
    app.connect("doctree-read", _describe)
