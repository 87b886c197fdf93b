"""The verb `whatif`: start the what-if page on this machine, for this machine alone."""

from __future__ import annotations

import importlib.util
import socket
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from threading import Thread

from resilience_sim.cli.composition import group_options
from resilience_sim.config import suggestion
from resilience_sim.errors import ConfigError, Problem

ADDRESS = "127.0.0.1"
PORT = 8501
CASE = "erewhon"
PAGE = Path(__file__).resolve().parents[1] / "whatif" / "page.py"
"""What Streamlit runs; it stands above the command line, which knows it only as a file."""
AHEAD = "resilience_sim.whatif.ahead"
"""What begins the run of the case while Streamlit starts; known only by its name, likewise."""
SETTINGS = {
    "server.address": ADDRESS,
    "server.headless": "true",  # opens no browser and asks for no address of e-mail
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": "false",
    "runner.magicEnabled": "false",  # else docstrings are shown
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "viewer",
    "client.showErrorLinks": "false",
    "global.developmentMode": "false",
    "logger.hideWelcomeMessage": "true",
    "theme.base": "light",
    "theme.primaryColor": "#0072B2",
}


def start_page(words: Sequence[str]) -> None:
    """Serve the page until it is interrupted.

    Raises
    ------
    ConfigError
        Where Streamlit is missing, the port is taken, or a word is not understood; all at once.
    """
    port, case = _options(words)
    from streamlit.web.cli import main as streamlit

    Thread(target=_begin, args=(case,), daemon=True).start()
    print(f"What if? http://{ADDRESS}:{port}   Ctrl-C ends it.", flush=True)
    flags = [f"--{name}={value}" for name, value in SETTINGS.items()]
    try:
        streamlit(
            ["run", str(PAGE), f"--server.port={port}", *flags, "--", case], standalone_mode=False
        )
    finally:
        live = sys.modules.get("resilience_sim.whatif.live")  # there once the page was opened
        if live is not None:
            live.abandon_all()


def _begin(case: str) -> None:
    import_module(AHEAD).begin(case)


def _options(words: Sequence[str]) -> tuple[int, str]:
    """Port and case; every problem is told at once."""
    told = {"port": str(PORT), "case": CASE}
    problems = []
    for word in words:
        name, equals, value = word.partition("=")
        if name in told and equals:
            told[name] = value
        else:
            hint = "See resilience-sim whatif --help."
            problems.append(Problem(word, "be port=NUMBER or case=NAME", "another word", hint))
    cases = group_options()["case"]
    if told["case"] not in cases:
        hint = suggestion(told["case"], cases)
        problems.append(Problem("case", f"be one of {', '.join(cases)}", repr(told["case"]), hint))
    if not (told["port"].isdecimal() and 1 <= int(told["port"]) <= 65535):
        problems.append(Problem("port", "be a whole number in [1, 65535]", repr(told["port"])))
    elif not _is_free(int(told["port"])):
        hint = f"Try port={int(told['port']) % 65535 + 1}."
        problems.append(Problem("port", "be free", f"{told['port']}, which is taken", hint))
    if importlib.util.find_spec("streamlit") is None:
        hint = "Install it: pip install 'resilience-sim[whatif]'"
        problems.append(Problem("whatif", "find Streamlit, which draws the page", "nothing", hint))
    if problems:
        raise ConfigError(problems)
    return int(told["port"]), told["case"]


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((ADDRESS, port))
        except OSError:
            return False
    return True
