# SPDX-License-Identifier: BSD-3-Clause
"""What stops a call, by exit status."""


class UsageError(Exception):
    """The call, or a file that it reads, is wrong: exit status 2."""


class NothingToRun(Exception):
    """Nothing is selected, or nothing selected can run: exit status 3."""


class BudgetOver(Exception):
    """The time that the call may take is over."""


class Interrupted(Exception):
    """A signal asked to stop: exit status 128 + its number."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"signal {signum}")
        self.signum = signum


def nearest(name: str, known: "list[str]") -> str:
    """Return ', did you mean ...?' when something known comes close, in either case, else nothing."""
    import difflib
    spelled = {word.lower(): word for word in known}
    close = difflib.get_close_matches(name.lower(), list(spelled), n=1, cutoff=0.5)
    return f", did you mean '{spelled[close[0]]}'?" if close else ""
