"""What comes in and what goes out is bounded by code, whatever an engine makes of it.

In: control characters are stripped, and requests for other people's data or of violence are refused before any engine
sees them. Out: replies are plain text, and links lead to ourselves or nowhere, so that a reply that somebody's review
has talked into it cannot carry anything away.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import urlsplit

from subgraphs.ai.assistant import words
from subgraphs.ai.assistant.contract import Language

# Cc: controls; Cf: format (bidi overrides, zero-width, tag characters that hide text); Co, Cn, Cs: nobody's letters.
_STRIPPED: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs"})
_KEPT: Final = frozenset("\n\t\u200d")  # the joiner is what emoji are made of


def clean(text: str) -> str:
    """``text`` without characters that one cannot see, with plain line ends, and trimmed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(each for each in text if each in _KEPT or unicodedata.category(each) not in _STRIPPED).strip()


def plain(text: str) -> str:
    """``text`` for comparison: lower case, without accents, signs and extra spaces."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", bare).split())


_PERSON: Final = (
    r"(?:(?:de |do |da |dos |das |of |from |for |by )?"
    r"(?:outr[oa]s?|another|other|someone else|somebody else|alguem|qualquer|any|every|all|todos os|todas as)"
    r"(?: (?:o|a|os|as|the))? ?"
    r"(?:pessoas?|hospedes?|usuari[oa]s?|clientes?|viajantes?|contas?|people|persons?|guests?|users?|customers?"
    r"|travell?ers?|accounts?|s)?)"
)
_PRIVATE: Final = (
    r"(?:reservas?|bookings?|e ?mails?|senhas?|passwords?|telefones?|phones?|phone numbers?|cpf|cartao|cartoes"
    r"|credit cards?|card numbers?|enderecos?|home address(?:es)?|dados|data|details|nomes?|names?|conversas?"
    r"|conversations?|messages|mensagens|pontos|points|tokens?)"
)
_OTHERS: Final = re.compile(
    rf"\b{_PRIVATE}(?: \w+){{0,2}}? (?:de|do|da|dos|das|of|from|belonging to) "
    r"(?:(?:um|uma|o|a|os|as|the|an|a|some) )?"
    r"(?:outr[oa]s?|another|other|someone|somebody|alguem|qualquer|todos|todas|all|every|any)\b"
    rf"|\b(?:outr[oa]s? (?:pessoas?|hospedes?|usuari[oa]s?|clientes?|viajantes?)"
    rf"|(?:an)?other (?:people|person|guest|user|customer|travell?er)s?) s? ?{_PRIVATE}\b"
    r"|\b(?:someone|somebody) else s (?:\w+ )?"
    rf"{_PRIVATE}\b"
    r"|\b(?:list|show|give|dump|export|liste|mostre|mostra|exporte|me de)(?: \w+){0,3} "
    r"(?:all|todos|todas)(?: \w+){0,2} "
    r"(?:users?|customers?|usuarios|clientes|hospedes|guests|accounts|contas)\b"
)
_ABUSE: Final = re.compile(
    r"\b(?:how (?:do i|to|can i) (?:make|build) (?:a )?(?:bomb|explosives?|weapon)"
    r"|como (?:fazer|construir|montar) (?:uma |um )?(?:bomba|explosivos?|arma)"
    r"|(?:quero|vou) (?:matar|machucar) (?:alguem|voce|ele|ela)"
    r"|(?:i will|i want to) (?:kill|hurt) (?:someone|somebody|you|him|her)"
    r"|credit card numbers? (?:stolen|generator)|cartoes? (?:clonados?|roubados?)|stolen (?:credit )?cards?"
    r"|(?:child|menor(?:es)?|crianca) (?:porn\w*|sexual\w*))\b"
)


def refusal(text: str, language: Language) -> str | None:
    """What to answer to a message that no engine should see; ``None`` for all others."""
    bare = plain(text)
    if _ABUSE.search(bare):
        return words.say(language, "guard_abuse")
    if _OTHERS.search(bare):
        return words.say(language, "guard_others")
    return None


_WORD: Final = re.compile(r"\s*\S+(?=\s)")
_LONGEST_WORD: Final = 2_000
_LINK: Final = re.compile(
    r"(?i)[a-z][a-z0-9+.-]*:/{1,}[^\s)\]>\"']*"  # https://…, also without much care: http:/…
    r"|\b(?:javascript|data|mailto|vbscript|tel):[^\s)\]>\"']*"
    r"|//[\w-]+(?:\.[\w-]+)+[^\s)\]>\"']*"
    r"|\bwww\.[^\s)\]>\"']+"
    r"|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::\d+)?[/?#][^\s)\]>\"']*"  # evil.example/x
)
_TAG: Final = re.compile(r"<(?=[A-Za-z/!])")
_IMAGE: Final = re.compile(r"!(?=\[)")


class ReplyText:
    """Makes the text of a reply plain, piece by piece. A word is let through once it is whole."""

    def __init__(self, public_url: str, language: Language, *, most: int) -> None:
        """Args:
        public_url: The only place that links may lead to.
        language: Of what stands in the place of a link.
        most: Characters after which the reply ends.
        """
        parts = urlsplit(public_url)
        self._origin = (parts.scheme, parts.netloc)
        self._removed = words.say(language, "link_removed")
        self._left = most
        self._held = ""

    @property
    def is_full(self) -> bool:
        """Whether nothing more will be let through."""
        return self._left <= 0

    def feed(self, piece: str) -> str:
        """What can be shown after one more piece."""
        self._held += _visible(piece)
        end = 0
        for word in _WORD.finditer(self._held):
            end = word.end()
        if end == 0 and len(self._held) > _LONGEST_WORD:
            end = len(self._held)  # no language has such words: it is shown as it is cut
        whole, self._held = self._held[:end], self._held[end:]
        return self._shown(whole)

    def rest(self) -> str:
        """What is held back, at the end."""
        whole, self._held = self._held, ""
        return self._shown(whole)

    def _shown(self, text: str) -> str:
        text = _LINK.sub(lambda found: found.group() if self._is_ours(found.group()) else self._removed, text)
        text = _IMAGE.sub("", _TAG.sub("‹", text))[: self._left]
        self._left -= len(text)
        return text

    def _is_ours(self, link: str) -> bool:
        try:
            parts = urlsplit(link)
        except ValueError:
            return False
        return (parts.scheme, parts.netloc) == self._origin


def _visible(piece: str) -> str:
    """Like :func:`clean`, for a piece in the middle: its spaces stay."""
    return "".join(each for each in piece if each in _KEPT or unicodedata.category(each) not in _STRIPPED)
