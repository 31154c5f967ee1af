"""Errors on the command line: one line on standard error and an exit code, never a traceback."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import click

from bpcore.run.files.interrupts import Stopped
from bpcore.words.errors import BpcoreError, OptionError, choose, did_you_mean

__all__ = ["Door", "number", "one_of"]

BAD, INTERRUPTED = 2, 130
"""Exit codes: something given was wrong; the user pressed Ctrl-C."""


class Door(click.Group):
    """A group of commands whose errors are one line each."""

    def main(  # type: ignore[override]  # click's has overloads
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **options: Any
    ) -> NoReturn:
        """Run the command line and leave with its exit code."""
        options["standalone_mode"] = False
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _warn
                code = super().main(args, prog_name, **options)
        except click.ClickException as error:
            _refuse(error.format_message())
        except (click.Abort, KeyboardInterrupt) as error:
            stopped = isinstance(error.__cause__, Stopped)
            click.echo(f"bpcore: {error.__cause__ if stopped else 'stopped by the user'}", err=True)
            sys.exit(INTERRUPTED)
        except OptionError as error:
            given = sys.argv[1:] if args is None else args
            option = _option(error.option, given)
            _refuse(str(OptionError(option, error.given, error.wanted, error.do)))
        except BpcoreError as error:
            _refuse(str(error))
        except MemoryError as error:
            _refuse(f"not enough memory ({error}): make the network or the batch smaller")
        except OSError as error:
            _refuse(f"{error.filename or 'standard output'}: {error.strerror or error}")
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C ends in `main`, without the empty line that click would print."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, EOFError) as error:
            raise click.Abort from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the near one."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            names = self.list_commands(ctx)
            known = f"the commands are {', '.join(names)}.{did_you_mean(name, names)}"
            raise click.UsageError(f'no command "{name}": {known}', ctx)
        return super().resolve_command(ctx, args)


def _warn(message: Warning | str, *of_its_place: Any, **more: Any) -> None:
    """Print a library's warning in one line, without the place in its code."""
    click.echo(f"bpcore: warning: {' '.join(str(message).split())}", err=True)


def _option(name: str, given: Sequence[str]) -> str:
    """Return the option that was given for a setting, as ``--rate`` for ``rate of Adam``."""
    word = f"--{name.partition(' ')[0].replace('_', '-')}"
    return word if any(one.partition("=")[0] == word for one in given) else name


def _refuse(message: str) -> NoReturn:
    click.echo(f"bpcore: error: {' '.join(message.split())}", err=True)
    sys.exit(BAD)


def one_of(words: Iterable[str]) -> dict[str, Any]:
    """Return what makes an option take one of a few words; a misspelt one is answered with the near one."""
    names = sorted(words)

    def read(context: click.Context, option: click.Parameter, given: str | None) -> str | None:
        return None if given is None else choose(option.opts[0], given.lower(), names)

    return {"metavar": f"[{'|'.join(names)}]", "callback": read}


def number(low: float, high: float) -> Callable[..., float | None]:
    """Return the callback of an option that takes a number within a range; what is no number is not."""

    def read(context: click.Context, option: click.Parameter, given: float | None) -> float | None:
        if given is not None and not low <= given <= high:
            raise OptionError(option.opts[0], given, f"a number, {low:g} to {high:g}")
        return given

    return read
