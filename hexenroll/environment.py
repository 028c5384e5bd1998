"""What did the environment say, and is it possible? Read by settings.py alone.

A value that can't be used never raises here: it becomes a Problem, which checks.py shows with its hint.
"""

import ipaddress
import os
import secrets
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import environ
from phonenumbers import SUPPORTED_REGIONS

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True)
class Problem:
    """What is wrong with a setting, and what to do. It never holds the value of a secret."""

    id: str
    message: str
    hint: str


class Environment:
    """Read settings by name, each also as NAME_FILE; remember the names asked for and what was wrong."""

    def __init__(self) -> None:
        self._env = environ.FileAwareEnv()
        self.names: set[str] = set()
        self.problems: list[Problem] = []

    def _read(self, name: str, parse: Callable[[str], T], default: T) -> T:
        self.names.add(name)
        try:
            raw = str(self._env.get_value(name, default="")).strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            self.problems.append(
                Problem(
                    "hexenroll.E003",
                    f"{name}_FILE names a file that can't be read: {reason}.",
                    f"Correct the path or its permissions, or unset {name}_FILE.",
                )
            )
            return default
        if not raw:
            return default
        try:
            return parse(raw)
        except ValueError as error:
            self.problems.append(
                Problem("hexenroll.E002", f"{name} {error}.", f"Correct {name}, or unset it to use the default.")
            )
            return default

    def text(self, name: str, default: str = "") -> str:
        """Return the value of `name` as it is, without surrounding white space."""
        return self._read(name, str, default)

    def parsed(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """Return what `parse` makes of the value of `name`; the text of its ValueError continues "NAME ..."."""
        return self._read(name, parse, default)

    def words(self, name: str) -> list[str]:
        """Return the comma-separated words of `name`, none when it isn't set."""
        return self._read(name, lambda raw: [word.strip() for word in raw.split(",") if word.strip()], [])

    def switch(self, name: str, default: bool) -> bool:
        """Return whether `name` is on."""

        def parse(raw: str) -> bool:
            if raw.lower() not in TRUE_WORDS | FALSE_WORDS:
                raise ValueError(f"is {raw!r}: say true or false")
            return raw.lower() in TRUE_WORDS

        return self._read(name, parse, default)

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        """Return the whole number `name`, which must lie from `lowest` to `highest`."""

        def parse(raw: str) -> int:
            digits = raw.replace("_", "")
            if not (digits.isascii() and digits.isdigit()) or not lowest <= int(digits) <= highest:
                raise ValueError(f"is {raw!r}: it must be a whole number from {lowest} to {highest}")
            return int(digits)

        return self._read(name, parse, default)

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """Return the URL `name`. Its text is never part of a problem: it may hold a password."""

        def parse(raw: str) -> str:
            try:
                parts = urlsplit(raw)
                _ = parts.port
            except ValueError:
                raise ValueError("is not a URL") from None
            if parts.scheme not in schemes:
                raise ValueError(f"must start with one of: {', '.join(f'{scheme}://' for scheme in schemes)}")
            if not parts.netloc and not parts.path.strip("/"):
                raise ValueError("names no host and no path")
            return raw

        return self._read(name, parse, default)

    def origin(self, name: str, default: str) -> str:
        """Return the URL `name` that is a scheme and a host and nothing behind them."""

        def parse(raw: str) -> str:
            parts = urlsplit(raw)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"is {raw!r}: it must look like https://portal.example.com")
            if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
                raise ValueError(f"is {raw!r}: only scheme, host and port belong there, no path")
            return f"{parts.scheme}://{parts.netloc}"

        return self._read(name, parse, default)

    def region(self, name: str) -> str:
        """Return the two letters of the country `name` whose phone numbers need no prefix, "" for none."""

        def parse(raw: str) -> str:
            if raw.upper() not in SUPPORTED_REGIONS:
                raise ValueError(f"is {raw!r}: it must be a country's two letters, such as DE or US")
            return raw.upper()

        return self._read(name, parse, "")

    def networks(self, name: str, default: str) -> list[Network]:
        """Return the comma-separated addresses and networks (CIDR) of `name`."""

        def parse(raw: str) -> list[Network]:
            try:
                return [ipaddress.ip_network(word) for word in raw.replace(",", " ").split()]
            except ValueError as error:
                text = f"is {raw!r}: it must name addresses or networks, such as 10.0.0.5 or 10.0.0.0/24; {error}"
                raise ValueError(text) from None

        return self._read(name, parse, parse(default))

    def unknown_names(self) -> list[str]:
        """Return the HEXENROLL_* variables of the environment that no setting asked for."""
        known = self.names | {f"{name}_FILE" for name in self.names}
        return sorted(name for name in os.environ if name.startswith("HEXENROLL_") and name not in known)

    def folders(self, *folders: Path) -> None:
        """Make the folders, readable by their owner only; a folder that can't be made is a problem."""
        for folder in folders:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                unusable = "" if os.access(folder, os.R_OK | os.W_OK | os.X_OK) else "permission denied"
            except OSError as error:
                unusable = error.strerror or str(error)
            if unusable:
                self.problems.append(
                    Problem(
                        "hexenroll.E004",
                        f"The data folder {folder} can't be used: {unusable}.",
                        "Give it to the user who runs hexenroll, or set HEXENROLL_DATA to another folder.",
                    )
                )
                return

    def secret(self, name: str, file: Path) -> str:
        """Return the secret `name`: as given, else the one kept in `file`, made at the first start."""
        given = self.text(name)
        if given:
            return given
        try:
            return _kept_secret(file)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            self.problems.append(
                Problem(
                    "hexenroll.E005",
                    f"{file} can't be used: {reason}. {name} is kept there.",
                    f"Set {name}, or run hexenroll as the user who owns the file.",
                )
            )
            return secrets.token_urlsafe(50)


def _kept_secret(file: Path) -> str:
    """Return the secret in `file`; make it if absent. Two processes starting at once end with one."""
    if not file.exists():
        handle, draft = tempfile.mkstemp(dir=file.parent)  # mode 0600
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, file)  # unlike rename, it never replaces the other process's secret
        except FileExistsError:
            pass  # the other process was first: its secret is the one to use
        finally:
            Path(draft).unlink()
    return file.read_text("utf-8").strip()


def socket_path(folder: Path) -> Path:
    """Return where the embedded Valkey listens for the data folder `folder`.

    A unix socket's path may have 107 bytes; a deeper data folder gets a short one in the temporary folder,
    with the user's id in its name so that two users never meet there.
    """
    path = folder / "run" / "valkey.sock"
    if len(os.fsencode(path)) <= 100:
        return path
    mark = format(zlib.crc32(os.fsencode(folder)), "08x")
    return Path(tempfile.gettempdir()) / f"hexenroll-{os.getuid()}-{mark}" / "valkey.sock"
