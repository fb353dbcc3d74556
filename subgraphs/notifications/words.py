"""What notifications say: the templates in ``words/``, one for each kind and language, and the values in them.

A template is plain text in blocks: ``title`` (one line; the subject of a mail), ``short`` (one or two lines: push, SMS,
the app), and for the mail ``text`` (paragraphs), ``facts`` (lines of ``label: value``) and ``action`` (what the button
says). The mail's HTML is made from the same blocks by ``mail/layout.html.j2``, which escapes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from subgraphs.notifications.kinds import Kind

Language: TypeAlias = Literal["pt-BR", "en"]
_FOLDER: Final = Path(__file__).parent
_MONTHS: Final = {
    "pt-BR": ("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
_SYMBOLS: Final = {"BRL": "R$", "USD": "US$", "EUR": "€"}
_NO_MINOR_UNITS: Final = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "VND"})


@dataclass(frozen=True, slots=True)
class Words:
    """A notification in one language."""

    title: str
    short: str
    text: str
    facts: tuple[tuple[str, str], ...]
    action: str | None
    """What the button says."""
    code: str | None
    """Something to copy, such as a PIX code."""


def language_of(locale: str) -> Language:
    """The language for a locale that users knows."""
    return "en" if locale == "en" else "pt-BR"


def words_of(kind: Kind, language: Language, data: Mapping[str, Any], **extra: Any) -> Words:
    """What a notification says.

    Args:
        kind: What it is about.
        language: In which language.
        data: The notification's own values.
        extra: More values, such as the list of a digest.

    Raises:
        jinja2.TemplateError: a value is missing.
    """
    template = _environment(language).get_template(f"{kind.lower()}.{language}.j2")
    context = template.new_context({**data, **extra, "language": language})

    def block(name: str) -> str:
        return "".join(template.blocks[name](context)).strip() if name in template.blocks else ""

    lines = (line.partition(": ") for line in block("facts").splitlines() if line.strip())
    return Words(
        title=" ".join(block("title").split()),
        short=" ".join(block("short").split()),
        text=block("text"),
        facts=tuple((label.strip(), value.strip()) for label, _, value in lines),
        action=block("action") or None,
        code=block("code") or None,
    )


def mail_text(words: Words, *, greeting: str, link: str | None, footer: str) -> str:
    """The plain text of a mail."""
    template = _layouts().get_template("layout.txt.j2")
    return template.render(words=words, greeting=greeting, link=link, footer=footer)


def mail_html(
    words: Words,
    *,
    language: Language,
    greeting: str,
    link: str | None,
    footer: str,
    unsubscribe_url: str | None,
) -> str:
    """The HTML of a mail, its styles still in one place."""
    template = _layouts().get_template("layout.html.j2")
    paragraphs = [part for part in words.text.split("\n\n") if part.strip()]
    return template.render(
        words=words,
        paragraphs=paragraphs,
        language=language,
        greeting=greeting,
        link=link,
        footer=footer.splitlines()[0],
        unsubscribe_url=unsubscribe_url,
    )


def greeting(language: Language, name: str | None) -> str:
    """How a mail begins. ``name`` only where the mailbox is proven to be the user's own."""
    if language == "en":
        return f"Hello {name}," if name else "Hello,"
    return f"Olá, {name}," if name else "Olá,"


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "words"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # plain text; the HTML layout escapes it
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = lambda minor, currency: money(minor, currency, language)
    environment.filters["day"] = lambda value: day(value, language)
    environment.filters["moment"] = lambda value, zone: moment(value, zone, language)
    return environment


@cache
def _layouts() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER / "mail"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def money(minor: int, currency: str, language: Language) -> str:
    """An amount as people write it: ``R$ 1.234,50`` or ``R$ 1,234.50``."""
    if currency in _NO_MINOR_UNITS:
        number = f"{minor:,}"
    else:
        sign = "-" if minor < 0 else ""
        number = f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02d}"
    if language == "pt-BR":
        number = number.translate(str.maketrans(",.", ".,"))
    return f"{_SYMBOLS.get(currency, currency)} {number}"


def day(value: str, language: Language) -> str:
    """A date: ``3 de dez. de 2026`` or ``3 Dec 2026``."""
    return _day(date.fromisoformat(value), language)


def _day(value: date, language: Language) -> str:
    month = _MONTHS[language][value.month - 1]
    return f"{value.day} de {month}. de {value.year}" if language == "pt-BR" else f"{value.day} {month} {value.year}"


def moment(value: str, time_zone: str, language: Language) -> str:
    """A moment in a time zone: ``3 de dez. de 2026, 14:05`` or ``3 Dec 2026, 14:05``."""
    local = datetime.fromisoformat(value).astimezone(ZoneInfo(time_zone))
    return f"{_day(local.date(), language)}, {local:%H:%M}"
