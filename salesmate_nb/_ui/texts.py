"""Every sentence that the login panel and the terminal prompt show.

The link to Salesmate's consent page is called "the login link" here and in error messages. Error messages
stay where they are raised. A word in braces, such as ``{error}``, is replaced by its value.
"""

# The card, in every state
TITLE = "Log in to Salesmate"
TITLE_TO = "Log in to {account}"
PROFILE = "profile {name}"
READS_ONLY = "Reads your records. Changes nothing in Salesmate."
STORED_IN = "Your login is stored in {place}. Later notebooks and commands do not ask again."
NOT_STORED = "Your login stays in memory and ends with this process. The next one asks again."
UNUSUAL_HOST = (
    "Your login would be sent to {hosts}. Continue only if you know this address and who wrote it there."
)
WHY = "why"

# The Session Key
WORKSPACE_LABEL = "Workspace"
WORKSPACE_EXAMPLE = "acme"
KEY_LABEL = "Session Key"
KEY_EXAMPLE = "paste it here"
KEY_HELD = "••••••••••••"
KEY_BUTTON = "Log in"
KEY_BUTTON_BUSY = "Checking ..."
WHERE_THE_KEY_IS = (
    "To find the key, open {salesmate}, then My Account, tab Access Key. Copy the third one, "
    "<b>Session Key</b>; the other two are refused."
)
KEY_IN_PLACE = "Or enter another key here: it is used instead, until you correct that one."
WORKSPACE_MISSING = "Type your workspace: the 'acme' of https://acme.salesmate.io."
KEY_MISSING = "Paste the Session Key first."
USE_KEY = "Use a Session Key instead"
USE_LINK = "Use the login link instead"

# The login link, if this computer receives the redirect
LOGIN_LINK = "Open the login link"
NEW_LINK_BUTTON = "Get a new login link"
WAITING = "Opens in a new tab. Allow access there; this panel continues by itself."
CLICKED = "Waiting for Salesmate ..."
VALIDITY = "The login link works for {minutes:.0f} minutes."
RESCUE_BUTTON = "Page did not load?"
PASTE_IF_UNREACHABLE = "That is fine. Copy the address of that page and paste it here."
PASTE_AFTER_INTERRUPT = "Interrupt this cell. Then copy the address of that page and paste it here."

# The login link, if the user must paste the address
ALLOW_AND_COPY = "Opens in a new tab. Allow access there, then copy the address of the last page."
PASTE_LAST_ADDRESS = "The last page may show an error. That is fine: paste its address here."
ADDRESS_LABEL = "Address"
ADDRESS_HELD = "entered"
CONNECT_BUTTON = "Connect"
NOT_THE_ADDRESS = "That is not an address that begins with {start}. Copy the whole address of the last page."

# The states after that
CONNECTING = "Connecting ..."
EXPIRED = "The login link has expired."
CONNECTED_AS = "Connected as {name} to {account}"
CONNECTED_TO = "Connected to {account}"
NEXT = "next"
NEXT_STEP = "deals_df() reads your deals into a DataFrame"
MOVED = "This login moved to a newer cell. To use it here, run this cell again."
UNEXPECTED_ERROR = "Unexpected error: {error}. Run this cell again."

# A cell that needs the login
CELL_WAITS = "Waiting for the login above. Interrupt the cell to stop."
RUN_AGAIN = "Not logged in yet. Log in above, then run this cell again."
RELOAD = "Not logged in yet. Log in above, then reload this page."

# Shown instead of the panel in a notebook that was saved before, and if the frontend has no widgets
NOT_LOGGED_IN_YET = "Not logged in to Salesmate yet"
RUN_TO_LOG_IN = "run this cell, and log in at the panel that it shows"
WITHOUT_WIDGETS = (
    "Run this cell to log in. If it shows no panel, run `salesmate-nb login` in a terminal, or open "
    "connect().login_url if you have a client id."
)

# The prompt in a terminal
OPEN_LINK = "Open the login link and allow access:"
PASTE_OR_SKIP = (
    "If the browser cannot reach the last page, paste its address here. To log in later, press Enter."
)
ADDRESS_PROMPT = "Address: "
KEY_INTRO = (
    "Log in with a Session Key. You find it in Salesmate under My Account, tab Access Key: the third one; "
    "the other two are refused. To log in later, press Enter."
)
WORKSPACE_PROMPT = "Workspace (the 'acme' of https://acme.salesmate.io): "
KEY_PROMPT = "Session Key (not shown): "
WAITING_UP_TO = "Waiting up to {seconds:.0f} s for Salesmate. Press Ctrl+C to stop."
CONNECTED = "Connected."
NOT_CONNECTED = "Not connected yet. To continue, run this again."
