"""HTTP routes of this domain: reports as pictures, and the managers' dashboard.

| route | who | answers |
|---|---|---|
| ``GET /reports/{name}.svg`` ``.png`` ``.html`` | managers and staff, by bearer token | the chart of a report; 401, 403 and 400 as JSON that says what to do |
| ``GET /dashboard`` and what it loads | everybody | a page that asks for the sign-in itself |

The parameters of a report are those of its GraphQL field: ``start``, ``end``, ``interval``, ``groupBy``, ``hotelId``,
``currency``; ``theme=dark`` and ``width`` are for the picture.
"""  # noqa: E501  # a table

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from importlib.resources import files
from typing import Final, TypeVar
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from shared.auth import InvalidToken, KeySetUnavailable, Role, TokenVerifier, bearer_token
from shared.graphql import BadUserInput
from shared.graphql.context import preferred_locale
from shared.graphql.money import currency_exponent
from subgraphs.analytics.charts.render import PictureFormat, RendererBusy
from subgraphs.analytics.charts.spec import Size, vega_lite
from subgraphs.analytics.charts.style import Theme
from subgraphs.analytics.resources import AnalyticsResources
from subgraphs.analytics.service.periods import DateRange, Interval
from subgraphs.analytics.service.questions import GroupBy, ReportQuery, Viewer, scope_of
from subgraphs.analytics.service.refusals import Language, NotAllowed, Refused
from subgraphs.analytics.service.reports import run_report
from subgraphs.analytics.service.tables import ReportName
from subgraphs.analytics.store.errors import StoreUnavailable

T = TypeVar("T")
EnumT = TypeVar("EnumT", bound=StrEnum)

_TYPES: Final = {
    PictureFormat.SVG: "image/svg+xml",
    PictureFormat.PNG: "image/png",
    PictureFormat.HTML: "text/html; charset=utf-8",
}
_PRIVATE: Final = {"cache-control": "private, max-age=60", "vary": "authorization, accept-language"}
# Opened by itself the page may run what it brought with it, and reach nobody.
_SANDBOX: Final = {
    "content-security-policy": (
        "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
        "style-src 'unsafe-inline'; img-src data: blob:"
    )
}
_PAGE: Final = {
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self' ws: wss:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
}
_FILES: Final = {
    "dashboard": ("index.html", "text/html; charset=utf-8"),
    "dashboard/app.js": ("app.js", "text/javascript; charset=utf-8"),
    "dashboard/words.js": ("words.js", "text/javascript; charset=utf-8"),
    "dashboard/style.css": ("style.css", "text/css; charset=utf-8"),
}
_UNTIL_TODAY: Final = timedelta(days=29)


class _Answer(Exception):
    """Ends a request with a problem."""

    def __init__(self, status: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.response = JSONResponse({"error": message, **more}, status_code=status)


def routes(resources: AnalyticsResources, tokens: Callable[[], TokenVerifier]) -> Sequence[BaseRoute]:
    """The routes on the open resources; ``tokens`` gives what checks access tokens, once the subgraph runs."""

    async def report(request: Request) -> Response:
        try:
            return await _draw(resources, tokens(), request)
        except _Answer as answer:
            return answer.response
        except StoreUnavailable:
            return JSONResponse({"error": "Reports cannot be made right now. Try again in a moment."}, status_code=503)
        except RendererBusy:
            return JSONResponse(
                {"error": "Too many charts are being drawn. Try again in a moment."},
                status_code=503,
                headers={"retry-after": "2"},
            )

    return [
        Route("/reports/{name}.{extension}", report, methods=["GET"]),
        *(Route(f"/{path}", _file(name, kind), methods=["GET"]) for path, (name, kind) in _FILES.items()),
    ]


async def _draw(resources: AnalyticsResources, tokens: TokenVerifier, request: Request) -> Response:
    name = _known(ReportName, request.path_params["name"], "name", 404)
    picture = _known(PictureFormat, request.path_params["extension"], "extension", 404)
    asked = request.query_params
    language: Language = preferred_locale(asked.get("language") or request.headers.get("accept-language"))
    viewer = await _viewer(tokens, request)
    size = Size(width=_parsed(int, asked, "width") or Size().width)
    if not 240 <= size.width <= 2_000:
        raise _Answer(400, "width must be from 240 to 2000.", field="width")
    theme = _known(Theme, asked.get("theme") or Theme.LIGHT, "theme")
    try:
        query = await _query(resources, viewer, asked, language)
        table = await run_report(resources.store, name, query)
    except NotAllowed as error:
        raise _Answer(403, error.says(language)) from error
    except Refused as error:
        raise _Answer(400, error.says(language), field=error.field) from error
    content = await resources.renderer.draw(vega_lite(table, language, theme=theme, size=size), picture)
    headers = {**_PRIVATE, "x-content-type-options": "nosniff", **_SANDBOX}
    return Response(content, media_type=_TYPES[picture], headers=headers)


async def _query(
    resources: AnalyticsResources, viewer: Viewer, asked: Mapping[str, str], language: Language
) -> ReportQuery:
    currency = asked.get("currency") or "BRL"
    try:
        currency_exponent(currency)
    except BadUserInput as error:
        raise _Answer(400, error.message, field="currency") from error
    today = resources.clock().date()
    end = _parsed(date.fromisoformat, asked, "end") or today
    return ReportQuery(
        range=DateRange(_parsed(date.fromisoformat, asked, "start") or end - _UNTIL_TODAY, end),
        scope=await scope_of(resources.store, viewer, _parsed(UUID, asked, "hotelId")),
        interval=_known(Interval, asked.get("interval") or Interval.DAY, "interval"),
        group_by=_known(GroupBy, group, "groupBy") if (group := asked.get("groupBy")) else None,
        currency=currency,
        language=language,
    )


async def _viewer(tokens: TokenVerifier, request: Request) -> Viewer:
    try:
        token = bearer_token(request.headers.get("authorization"))
        if token is None:
            raise _Answer(401, "Send an access token: Authorization: Bearer …")
        principal = await tokens.verify(token)
    except InvalidToken as error:
        raise _Answer(401, "The access token is not valid, or has run out. Sign in again.") from error
    except KeySetUnavailable as error:
        raise _Answer(503, "Tokens cannot be checked right now. Try again in a moment.") from error
    return Viewer(
        user_id=principal.user_id,
        is_staff=principal.has_any(Role.SUPPORT, Role.ADMIN),
        is_manager=principal.has_any(Role.HOTEL_MANAGER),
    )


def _known(kind: type[EnumT], value: str, field: str, status: int = 400) -> EnumT:
    try:
        return kind(value)
    except ValueError:
        possible = ", ".join(kind)
        raise _Answer(status, f"{field} must be one of: {possible}.", field=field) from None


def _parsed(parse: Callable[[str], T], asked: Mapping[str, str], field: str) -> T | None:
    value = asked.get(field)
    if not value:
        return None
    try:
        return parse(value)
    except ValueError:
        raise _Answer(400, f"{field} is not what it should be.", field=field) from None


def _file(name: str, kind: str) -> Callable[[Request], Response]:
    content = files("subgraphs.analytics.dashboard").joinpath(name).read_bytes()

    def answer(_request: Request) -> Response:
        return Response(content, media_type=kind, headers=_PAGE)

    return answer
