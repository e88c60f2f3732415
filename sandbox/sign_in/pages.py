"""What a browser shows here: one form, and one sentence where there is no form to show."""

from __future__ import annotations

from html import escape

from sandbox.estate import PASSWORD, PEOPLE

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:28rem;margin:10vh auto;padding:0 1rem}"
    "label,select,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}"
    "select,input,button{padding:.5rem;margin:.25rem 0 1rem}.no{color:#a00}"
)
# Chromium asks form-action about where the form leads in the end, too: back to the application.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'self' http://127.0.0.1:*; frame-ancestors 'none'"
)
WRONG = "That is not the password, or nobody has that name."


def form(action: str, *, chosen: str = "", said: str = "") -> str:
    """Return the page on which somebody signs in."""
    people = "".join(
        f'<option value="{person.id}"{" selected" if person.id == chosen else ""}>'
        f"{escape(person.name)} ({person.id})</option>"
        for person in PEOPLE
    )
    wrong = f'<p class="no" role="alert">{escape(said)}</p>' if said else ""
    return _page(
        f"<p>This hospital is a sandbox: choose who you are. Everybody's password is"
        f" <code>{PASSWORD}</code>.</p>{wrong}"
        f'<form method="post" action="{escape(action)}">'
        f'<label for="person">Person</label><select id="person" name="person">{people}</select>'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="off" required>'
        "<button>Sign in</button></form>"
    )


def sentence(text: str) -> str:
    """Return a page that says one thing."""
    return _page(f"<p>{escape(text)}</p>")


def _page(content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<title>Sign in to the sandbox hospital</title><style>{STYLE}</style></head>"
        f"<body><main><h1>Sandbox hospital: sign in</h1>{content}</main></body></html>"
    )
