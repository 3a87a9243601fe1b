"""The house's plan, kept: dependencies point down, and the pure rooms know neither clock nor socket nor vendor."""

import ast
from pathlib import Path

import pytest

APP = Path(__file__).parent.parent / "app"
IMPURE = {
    "time", "os", "threading", "socket", "subprocess", "eventlet", "greenlet", "flask", "gunicorn", "requests",
    "grpc", "google", "openai", "twilio", "sqlalchemy", "structlog",
}  # fmt: skip
PURE = [
    *sorted(path for room in ("media", "dialog") for path in (APP / room).rglob("*.py")),
    *sorted(path for path in (APP / "call").rglob("*.py") if "shell" not in path.parts),
    *(APP / "call" / "shell" / f"{name}.py" for name in ("admission", "showing")),
    *(APP / "telephony" / f"{name}.py" for name in ("frames", "loopback", "messages", "signature", "twiml")),
]
ROOMS_OF_DIALOG: dict[str, set[str]] = {
    "data": set(),
    "domain": set(),
    "settings": set(),
    "hebrew": {"data"},
    "understanding/ear": {"data", "domain", "hebrew"},
    "understanding/judging": {"data", "domain", "hebrew"},
    "understanding/slots": {"data", "domain", "hebrew", "understanding/ear", "understanding/judging"},
    "understanding": {
        *("data", "domain", "hebrew", "understanding/ear", "understanding/judging", "understanding/slots")
    },
    "policy": {"domain", "hebrew", "understanding", "understanding/ear"},
    "lines": {"data", "domain", "hebrew", "policy"},
    "plan": {"domain", "policy", "lines"},
    "llm": {"data", "domain", "hebrew", "policy", "lines", "plan"},
    "responder": {"domain", "settings", "plan", "hebrew", "understanding", "policy", "lines", "llm"},
    "dialog": {
        *("domain", "settings", "plan", "hebrew", "understanding", "understanding/ear", "policy", "lines", "llm"),
        "responder",
    },
}
FLOORS: dict[str, set[str]] = {
    "media": set(),
    "dialog": set(),
    "whose": set(),
    "sidecar": {"whose"},
    "telephony": set(),
    "commit": set(),
    "config": set(),
    "runtime": set(),
    "logs": {"whose"},
    "acceptor": {"runtime"},
    "speech": {"sidecar", "media"},
    "leads": {"dialog", "office", "sidecar", "telephony", "config"},
    "call": {"media", "dialog", "leads", "speech", "telephony", "runtime", "config", "whose"},
    "qa": {"media", "dialog", "telephony", "call", "config", "leads", "speech", "sidecar", "commit"},
    "office": set(),
    "web": {"office", "dialog", "telephony", "config", "runtime"},
    "house": {
        "commit",
        "office",
        "call",
        "dialog",
        "leads",
        "speech",
        "sidecar",
        "telephony",
        "config",
        "runtime",
        "whose",
    },
    "wsgi": {"house", "telephony", "web", "config", "logs", "runtime"},
    "__main__": {"qa", "call", "config", "dialog", "leads", "media", "speech"},
}


def imports(path: Path) -> set[str]:
    """Return every dotted name that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(APP)))
def test_a_pure_room_knows_no_clock_no_socket_and_no_vendor(path: Path) -> None:
    """Design, "One call, as data": replays and tests in milliseconds depend on it."""
    assert not {name.split(".")[0] for name in imports(path)} & IMPURE


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda path: str(path.relative_to(APP)))
def test_dependencies_point_down(path: Path) -> None:
    """Design, "Rooms": a room knows only the floors below it."""
    room = path.relative_to(APP).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    used = {name.split(".")[1] for name in imports(path) if name.startswith("app.")}
    assert used - {room, "__version__"} <= FLOORS[room]


def room_of_dialog(module: str) -> str:
    """Return the room of a module of the dialog, named by its path in it."""
    parts = module.split(".")
    below = "/".join(parts[:2])
    return below if below in ROOMS_OF_DIALOG else parts[0]


@pytest.mark.parametrize(
    "path", sorted((APP / "dialog").rglob("*.py")), ids=lambda path: str(path.relative_to(APP / "dialog"))
)
def test_the_rooms_of_the_dialog_point_down(path: Path) -> None:
    """R10, R24: the language knows nothing of this business, the understanding nothing of the talk."""
    room = room_of_dialog(".".join(path.relative_to(APP / "dialog").with_suffix("").parts))
    if room == "__init__":
        return
    modules = {name.removeprefix("app.dialog.") for name in imports(path) if name.startswith("app.dialog.")}
    assert {room_of_dialog(module) for module in modules} - {room} <= ROOMS_OF_DIALOG[room]


def test_only_config_reads_the_environment() -> None:
    """R1.3: one reader. Children read the one variable that their parent hands them."""
    readers = {
        str(path.relative_to(APP))
        for path in APP.rglob("*.py")
        if any(text in path.read_text(encoding="utf-8") for text in ("os.environ", "os.getenv"))
    }
    children = {"sidecar/link.py", "speech/cloud/__main__.py", "speech/embedded/__main__.py", "leads/__main__.py"}
    assert readers - children <= {"config.py"}


def test_the_worker_imports_no_grpc_and_no_vendor_of_speech() -> None:
    """Design, "Eventlet, gRPC and friends": they live in child processes."""
    outside = [path for path in APP.rglob("*.py") if "cloud" not in path.parts and "embedded" not in path.parts]
    for path in outside:
        assert not {name.split(".")[0] for name in imports(path)} & {"grpc", "google", "openai"}, path


CALL_FLOORS: dict[str, set[str]] = {
    "hearing": {"events", "settings"},
    "answering": {"events", "settings", "hearing"},
    "measuring": {"events"},
}


@pytest.mark.parametrize("path", sorted((APP / "call").rglob("*.py")), ids=lambda path: str(path.relative_to(APP)))
def test_within_a_call_dependencies_point_down_too(path: Path) -> None:
    """Design, "Rooms": hearing and answering know nothing of who has the floor, and nothing pure knows of the shell."""
    room = path.relative_to(APP / "call").parts[0]
    used = {name.split(".")[2] for name in imports(path) if name.startswith("app.call.") and name.count(".") > 1}
    if room in CALL_FLOORS:
        assert used - {room} <= CALL_FLOORS[room]
    elif room != "shell":
        assert "shell" not in used
