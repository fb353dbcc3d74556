"""``reservei deadletters``: look at the messages that consumers gave up on, send them back, or drop them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from shared.messaging.dead_letters import DeadLetter, DeadLetters, Selection

T = TypeVar("T")

deadletters_app = typer.Typer(
    help="Messages that a consumer gave up on: see why, mend the cause, and send them back to that consumer.",
    no_args_is_help=True,
)

OfConsumer = Annotated[str | None, typer.Option("--consumer", help="Only this consumer's; all consumers' when absent.")]
OneId = Annotated[str | None, typer.Option("--id", help="Only the message with this id.")]
Everything = Annotated[bool, typer.Option("--all", help="Every dead letter.")]


@deadletters_app.command("list")
def list_(consumer: OfConsumer = None) -> None:
    """List dead letters, the oldest of each consumer first."""
    letters = _at_broker(lambda dead: _read(dead, consumer))
    if not letters:
        _console().print("There are no dead letters.")
        return
    _print_table(letters)


@deadletters_app.command()
def show(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the message, as `list` shows it.")],
    consumer: OfConsumer = None,
) -> None:
    """Show one dead letter with the message itself."""
    from rich.markup import escape

    letters = [letter for letter in _at_broker(lambda dead: _read(dead, consumer)) if letter.message_id == message_id]
    if not letters:
        _fail(f"There is no dead letter {message_id!r}.")
    console = _console()
    for letter in letters:
        for name, value in (
            ("id", letter.message_id),
            ("consumer", letter.consumer),
            ("topic", letter.topic),
            ("died at", letter.died_at),
            ("attempts", str(letter.attempts)),
            ("reason", letter.reason),
        ):
            console.print(f"[bold]{name + ':':<10}[/] {escape(value)}")
        console.print()
        console.print(_readable(letter.body), markup=False)


@deadletters_app.command()
def replay(consumer: OfConsumer = None, message_id: OneId = None, everything: Everything = False) -> None:
    """Send dead letters back to the consumer that gave up on them, and to no other. Give --id or --all."""
    selection = _selection(message_id, everything=everything)
    count = _at_broker(lambda dead: _for_each(dead, consumer, lambda name: dead.replay(name, selection)))
    _report(count, "sent back", message_id)


@deadletters_app.command()
def drop(
    consumer: OfConsumer = None,
    message_id: OneId = None,
    everything: Everything = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete dead letters for good. Give --id or --all."""
    selection = _selection(message_id, everything=everything)
    if not yes:
        typer.confirm("What is dropped is lost. Go on?", abort=True)
    count = _at_broker(lambda dead: _for_each(dead, consumer, lambda name: dead.drop(name, selection)))
    _report(count, "dropped", message_id)


def _selection(message_id: str | None, *, everything: bool) -> Selection:
    from shared.messaging import dead_letters

    if (message_id is not None) == everything:
        raise typer.BadParameter("give either --id ID or --all")
    return dead_letters.everything if message_id is None else dead_letters.with_ids({message_id})


def _at_broker(work: Callable[[DeadLetters], Awaitable[T]]) -> T:
    async def run() -> T:
        async with _open() as dead:
            return await work(dead)

    return asyncio.run(run())


@asynccontextmanager
async def _open() -> AsyncIterator[DeadLetters]:
    """The broker of the settings, or the embedded one, which is attached to where ``reservei up`` runs already."""
    from aio_pika.exceptions import AMQPError
    from redis.exceptions import ConnectionError as RedisConnectionError

    from shared.config import platform_settings
    from shared.local.errors import LocalRuntimeError
    from shared.local.valkey import EmbeddedValkey
    from shared.messaging.dead_letters import open_dead_letters

    settings = platform_settings()
    url = settings.broker_url or settings.redis_url
    embedded = EmbeddedValkey(settings.data_dir) if url is None else None
    if embedded is not None:
        await asyncio.to_thread(embedded.start, attach=True)
        url = embedded.url
    assert url is not None
    try:
        async with open_dead_letters(url) as dead:
            yield dead
    except (AMQPError, RedisConnectionError, OSError) as error:
        raise LocalRuntimeError(
            f"The message broker does not answer: {error}.", "Start it, or correct RESERVEI_BROKER_URL."
        ) from error
    finally:
        if embedded is not None:
            await asyncio.to_thread(embedded.stop)


async def _read(dead: DeadLetters, consumer: str | None) -> list[DeadLetter]:
    names = await dead.consumers() if consumer is None else [consumer]
    return [letter for name in names for letter in await dead.read(name)]


async def _for_each(dead: DeadLetters, consumer: str | None, work: Callable[[str], Awaitable[int]]) -> int:
    names = await dead.consumers() if consumer is None else [consumer]
    return sum([await work(name) for name in names])


def _print_table(letters: list[DeadLetter]) -> None:
    from rich.markup import escape
    from rich.table import Table

    # Ids are for copying, so they are never cut; the reason is, and `show` has all of it.
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("id", no_wrap=True, overflow="ignore", min_width=36)
    table.add_column("consumer", no_wrap=True, overflow="ignore")
    table.add_column("topic", overflow="fold")
    table.add_column("died at (UTC)", no_wrap=True)
    table.add_column("attempts", justify="right")
    table.add_column("reason", overflow="fold")
    for letter in letters:
        table.add_row(
            escape(letter.message_id),
            escape(letter.consumer),
            escape(letter.topic),
            letter.died_at.replace("T", " ")[:19],
            str(letter.attempts),
            escape(letter.reason if len(letter.reason) <= 120 else f"{letter.reason[:119]}…"),
        )
    _console().print(table)


def _readable(body: bytes) -> str:
    import msgspec

    try:
        return msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return repr(body)


def _report(count: int, done: str, message_id: str | None) -> None:
    if count == 0 and message_id is not None:
        _fail(f"There is no dead letter {message_id!r}.")
    _console().print(f"{count} {'dead letter' if count == 1 else 'dead letters'} {done}.")


def _console() -> Console:
    from rich.console import Console

    # Into a pipe or a file the table is as wide as it likes.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 240)


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
