"""Every sentence that the login panel and the terminal prompt show.

The link to Salesmate's consent page is called "the login link" here and in error messages. Error messages
stay where they are raised. A word in braces, such as ``{error}``, is replaced by its value.
"""

# The login panel in a notebook
TITLE = "Log in to Salesmate"
TITLE_CONNECTED = "Connected to Salesmate"

LOGIN_LINK = "Open the login link"
NEW_LINK_BUTTON = "Get a new login link"
ADDRESS_LABEL = "Address"
CONNECT_BUTTON = "Connect"

# Panel: the login link, if this computer receives the redirect
WAITING = "It opens in a new tab. Waiting for Salesmate ..."
PASTE_IF_UNREACHABLE = "Browser says the page can't be reached? Copy that page's address and paste it here:"
PASTE_AFTER_INTERRUPT = (
    "Browser says the page can't be reached? Interrupt this cell, then paste that page's address here:"
)

# Panel: the login link, if the user must paste the address
ALLOW_AND_COPY = "It opens in a new tab. Allow access there, then copy the address of the last page."
PASTE_LAST_ADDRESS = "The last page may show an error. That is fine: paste its address here:"

# Panel: the states after that
CONNECTING = "Connecting ..."
EXPIRED = "The login link has expired."
LOGGED_IN = "You are logged in."
MOVED = "This login moved to a newer cell. To use it here, run this cell again."
UNEXPECTED_ERROR = "Unexpected error: {error}. Run this cell again."

# Shown instead of the panel if the frontend has no widgets. ipywidgets shows at most 110 characters.
WITHOUT_WIDGETS = (
    "Salesmate login: no panel? Open connect().login_url, then run connect().finish_login('last address')."
)

# No account is set up (HTML)
NO_ACCOUNT = """
<p>No account is set up yet. Create a file named <code>.env</code> next to this notebook.
Put one of these two blocks into it:</p>
<pre># Session Key: in Salesmate, open My Account, tab Access Key.
# It is the third one; the other two are refused.
SALESMATE_SESSION_KEY=...
SALESMATE_LINKNAME=acme

# or OAuth: ask the person who registered the client with Salesmate
SALESMATE_CLIENT_ID=...
SALESMATE_CLIENT_SECRET=...</pre>
<p>Then run this cell again. To try it without an account, run
<code>from salesmate_nb import sandbox; connect(sandbox.start())</code></p>
"""
NO_ACCOUNT_PLAIN = "Salesmate: no account is set up yet."

# The prompt in a terminal
OPEN_LINK = "Open the login link and allow access:"
PASTE_OR_SKIP = (
    "If the browser cannot reach the last page, paste its address here. To log in later, press Enter."
)
ADDRESS_PROMPT = "Address: "
WAITING_UP_TO = "Waiting up to {seconds:.0f} s for Salesmate. Press Ctrl+C to stop."
CONNECTED = "Connected."
NOT_CONNECTED = "Not connected yet. To continue, run this again."
