"""Where does the time of an import go? Notes how long functions of the pipeline take, each without what it calls."""

from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any


class Phases:
    """Named clocks, of which the innermost runs.

    Attributes:
        seconds: for each phase the time that was its own.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = perf_counter()

    def _switch(self) -> None:
        now = perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def time(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function` with the clock of `phase` running while it does."""

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._switch()
            self._open.append(phase)
            try:
                return function(*args, **kwargs)
            finally:
                self._switch()
                self._open.pop()

        return timed

    def watch(self, owner: object, name: str, phase: str) -> None:
        """Put the attribute `name` of a module or class on the clock of `phase`."""
        setattr(owner, name, self.time(phase, getattr(owner, name)))
