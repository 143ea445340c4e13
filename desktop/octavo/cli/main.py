"""The command ``octavo``: one command per file, one place where refusals become a line and an exit status."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import typer

from octavo import __version__
from octavo.cli.output import print_line, print_note, told
from octavo.cli.standard_streams import open_missing
from octavo.cli.watched import EXIT_REFUSED, EXIT_STOPPED, StrangersAsked, farewell, this_program, watch
from octavo.engine.errors import OctavoError

Answer = TypeVar("Answer")


def run_command(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status: 0 done, 1 refused, 2 usage, 130 stopped."""
    open_missing()
    app = command_line()
    if callable(signal.getsignal(signal.SIGINT)):  # else it is ignored, as under nohup
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with farewell():
            app(args=list(arguments), prog_name="octavo")
    except StrangersAsked as asked:
        return watch([*this_program(), *arguments], asked.plugins)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 0
    except OSError as error:  # help or version could not be written
        _refuse(f"{error.strerror or error}.")
        return EXIT_REFUSED
    return 0


def command_line() -> typer.Typer:
    """All commands; their libraries are loaded when one runs."""
    from octavo.cli import (
        bench,
        chat,
        chats,
        compare,
        convert,
        fit,
        inspect,
        logits,
        measure,
        models,
        plugins,
        template,
        tokenize,
    )

    app = typer.Typer(
        name="octavo",
        help="Make language models smaller, see whether they fit this computer, and chat with them, on the CPU.\n\n"
        "Without a command, the window opens. MODEL is a GGUF file, a Hugging Face folder, or "
        "[bold]demo[/bold] for the small model that comes with Octavo.",
        epilog="Begin with [bold]octavo chat demo[/bold] or [bold]octavo fit MODEL[/bold].",
        no_args_is_help=True,
        invoke_without_command=True,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for command in (
        inspect.inspect,
        fit.fit,
        convert.convert,
        measure.measure,
        chat.chat,
        compare.compare,
        bench.bench,
        tokenize.tokenize,
        template.template,
        logits.logits,
        models.models,
        plugins.plugins,
    ):
        app.command()(_answering(command))
    chats.add_to(app, _answering)
    return app


def _options(
    version: Annotated[
        bool, typer.Option("--version", metavar="", help="Show the version and end.", is_eager=True)
    ] = False,
) -> None:
    if version:
        print_line(f"octavo {__version__}")
        raise typer.Exit


def _answering(command: Callable[..., Answer]) -> Callable[..., Answer]:
    """The one place that turns what a person should read into a line and an exit status."""

    @functools.wraps(command)
    def run(*arguments: object, **options: object) -> Answer:
        try:
            return command(*arguments, **options)
        except OctavoError as error:
            _refuse(str(error))
            raise typer.Exit(EXIT_REFUSED) from error
        except KeyboardInterrupt as error:
            _refuse("stopped.")
            raise typer.Exit(EXIT_STOPPED) from error
        except BrokenPipeError as error:  # the reader of our output has gone: nothing more to say
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(EXIT_REFUSED) from error
        except OSError as error:
            _refuse(told(error))
            raise typer.Exit(EXIT_REFUSED) from error
        except MemoryError as error:
            _refuse("There is not enough memory for this.")
            raise typer.Exit(EXIT_REFUSED) from error

    return run


def _refuse(sentence: str) -> None:
    print_note("octavo: " + " ".join(sentence.split()))
