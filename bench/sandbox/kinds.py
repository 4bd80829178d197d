"""The choice of the sandbox for model code: Docker, bubblewrap, or none (by name only)."""

from bench.console import print_line, warn
from bench.errors import SandboxError
from bench.profiles import Sandbox
from bench.sandbox.bubblewrap import Bubblewrap
from bench.sandbox.docker import Docker
from bench.sandbox.kind import SandboxKind
from bench.sandbox.unsandboxed import Unsandboxed
from bench.text import plain

KINDS: dict[str, type[SandboxKind]] = {kind.name: kind for kind in (Docker, Bubblewrap, Unsandboxed)}
AUTOMATIC = [kind.name for kind in KINDS.values() if kind.isolated]
"""The kinds that "auto" tries, in this order."""

NONE = (
    "No sandbox for model code: start Docker, or install bubblewrap (apt install bubblewrap), or set "
    '[sandbox] kind = "none" and read what that risks (docs/explanation/sandbox.md).'
)
ALLOW = (
    "allow user namespaces (in a container, by the options of docs/howto/docker.md), start Docker, or set [sandbox] "
    'kind = "none" and read what that risks (docs/explanation/sandbox.md).'
)
WARNING = (
    'WARNING: [sandbox] kind = "none": code that a model wrote runs on this machine with your rights; it can read, '
    "change and send all that you can."
)
UNAVAILABLE: set[tuple[str, str, bool]] = set()
"""Kinds and images that failed in this run, pulled or not: they are not tried again before each grading."""


def available(kind: str) -> str | None:
    """The reason why sandboxes of `kind` cannot be used on this machine; None where they can."""
    reasons = [KINDS[name].failure() for name in (AUTOMATIC if kind == "auto" else [kind])]
    return None if None in reasons else "; ".join(filter(None, reasons))


def sandbox_for(settings: Sandbox, *, trusted: bool = False) -> SandboxKind:
    """The sandbox to use; `trusted` solutions (the bundled demo's) may run without one where there is none.

    Raises SandboxError that names the remedy.
    """
    if settings.kind == "auto":
        return _automatic(settings, trusted=trusted)
    kind = KINDS[settings.kind]
    if reason := kind.failure():
        raise SandboxError(
            f'[sandbox] kind = "{settings.kind}" cannot be used here ({reason}); fix that, or set kind = "auto".'
        )
    if not kind.isolated and not trusted:
        warn(WARNING)
    return kind(settings)


def _automatic(settings: Sandbox, *, trusted: bool) -> SandboxKind:
    failed: SandboxError | None = None
    # Gigabytes are pulled where nothing else can grade, and never for the demo.
    tries = [(name, False) for name in AUTOMATIC] + [(Docker.name, True)] * (not trusted)
    for name, pull in tries:
        if (name, settings.image, pull) in UNAVAILABLE or KINDS[name].failure():
            continue
        try:
            kind = KINDS[name](settings, pull=pull)
        except SandboxError as error:
            failed = error
            if not trusted:
                UNAVAILABLE.add((name, settings.image, pull))
            continue
        if failed and not trusted and not pull:
            print_line(f"  grading in {name}: {failed.sentence}")
        return kind
    if trusted:
        return Unsandboxed(settings)
    raise failed or SandboxError(_none())


def _none() -> str:
    """The sentence where there is no sandbox, with the reason if an installed bubblewrap does not start."""
    reason = Bubblewrap.failure()
    if not reason or "not installed" in reason:
        return NONE
    return f"No sandbox for model code: bubblewrap does not start ({plain(reason)}); {ALLOW}"
