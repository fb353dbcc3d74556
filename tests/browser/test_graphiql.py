"""The GraphiQL page in a real browser, against the whole supergraph."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright, expect

from reservei.demo_accounts import DEMO_ACCOUNTS
from tests.conftest import Supergraph

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_MILLISECONDS = 90_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.system,
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true",
        reason=f"needs Debian's Chromium at {CHROMIUM} (apt-get install chromium); required where CI=true",
    ),
]

NEED_MORE = {
    "WatchHotel",  # streams, and names a hotel of the default demo market
    "WatchMyBookings",  # streams
    "BookRoom",  # for signed-in travelers
    "QuoteStayChange",  # and below: of the booking that BookRoom makes
    "ChangeStay",
    "CancelBooking",
}
CROSS_SUBGRAPH_QUERY = """
query ReviewsWithAuthors {
  hotels(first: 20) {
    edges { node { name reviews(first: 1) { edges { node { rating author { displayName } } } } } }
  }
}
"""


@dataclass
class OpenPage:
    """A page on GraphiQL, and what went wrong or abroad while it was open."""

    page: Page
    origin: str
    errors: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    def watch(self) -> None:
        def on_console(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.errors.append(f"{message.type}: {message.text}")

        self.page.on("console", on_console)
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.page.context.on("request", lambda request: self.requested.append(request.url))
        self.page.on("websocket", lambda socket: self.requested.append(socket.url))

    def foreign_requests(self) -> list[str]:
        host = urlsplit(self.origin).netloc
        return [
            url
            for url in self.requested
            if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).netloc != host
        ]


# Selectors: the only place that knows GraphiQL's markup.


def query_editor(page: Page) -> Locator:
    return page.get_by_role("region", name="Operation Editor").locator(".graphiql-editor")


def headers_editor(page: Page) -> Locator:
    return page.locator(".graphiql-editor-tool .graphiql-editor").nth(1)


def result(page: Page) -> Locator:
    return page.get_by_role("region", name="Result Window")


def tab_titles(page: Page) -> Locator:
    return page.get_by_role("tablist", name="Select active operation").locator(".graphiql-tab-button")


def account_button(page: Page) -> Locator:
    return page.locator(".reservei-account")


def account_panel(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Account")


async def write_query(page: Page, query: str) -> None:
    """Replace what the editor of the active tab holds, as a person who pastes would."""
    await query_editor(page).locator(".view-lines").click()
    await page.keyboard.press("ControlOrMeta+A")
    await page.keyboard.insert_text(query)


async def run(page: Page) -> dict[str, Any]:
    """Press "Execute query" and return the answer as it came over HTTP."""
    async with page.expect_response(lambda response: response.request.method == "POST") as response:
        await page.get_by_role("button", name=re.compile("Execute query")).click()
    answer = await (await response.value).json()
    assert isinstance(answer, dict)
    return answer


async def sign_in_as_demo_account(page: Page, label: str) -> None:
    await account_button(page).click()
    await account_panel(page).get_by_role("button", name=label).click()
    await expect(account_button(page)).to_have_attribute("data-signed-in", "true")


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every member of every object in a JSON value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS, timeout=PATIENCE_MILLISECONDS
        )
        try:
            yield chromium
        finally:
            await chromium.close()


@pytest.fixture
async def graphiql(browser: Browser, supergraph: Supergraph) -> AsyncIterator[OpenPage]:
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    opened = OpenPage(await context.new_page(), supergraph.url)
    opened.watch()
    async with opened.page.expect_response(
        lambda response: "IntrospectionQuery" in (response.request.post_data or "")
    ) as introspection:
        await opened.page.goto(f"{supergraph.url}/graphql")
    assert (await introspection.value).ok
    await expect(query_editor(opened.page).locator(".view-line").first).to_be_visible()
    yield opened
    await context.close()


async def test_runs_a_cross_subgraph_query_and_contacts_nobody_else(graphiql: OpenPage) -> None:
    page = graphiql.page
    await expect(page).to_have_title("Reservei")

    await write_query(page, CROSS_SUBGRAPH_QUERY)
    answer = await run(page)

    assert "errors" not in answer, answer
    names = [hotel["node"]["name"] for hotel in answer["data"]["hotels"]["edges"]]
    authors = [value for key, value in walk(answer["data"]) if key == "displayName"]
    assert names, "the search found no hotel"
    assert authors, "no review has an author"
    await expect(result(page)).to_contain_text(names[0])
    assert graphiql.errors == []
    assert graphiql.requested, "the watch saw nothing"
    assert graphiql.foreign_requests() == []


async def test_each_example_operation_has_a_tab_and_an_answer(graphiql: OpenPage) -> None:
    page = graphiql.page
    served = await (await page.request.get(f"{graphiql.origin}/graphiql/operations.json")).json()
    expected = [
        match[1]
        for operation in served["operations"]
        if (match := re.search(r"^(?:query|mutation|subscription)\s+(\w+)", operation["query"], re.MULTILINE))
    ]

    assert expected
    await expect(tab_titles(page)).to_have_text(expected)
    for position, name in enumerate(expected):
        await tab_titles(page).nth(position).click()
        await expect(query_editor(page)).to_contain_text(name)
        if name in NEED_MORE:
            continue
        answer = await run(page)
        assert "errors" not in answer, (name, answer)
        await expect(result(page)).to_contain_text('"data"')
    assert graphiql.errors == []


async def test_a_new_user_books_watches_and_cancels_by_the_examples(graphiql: OpenPage) -> None:
    page = graphiql.page

    async def run_example(name: str) -> dict[str, Any]:
        await tab_titles(page).filter(has_text=re.compile(f"^{name}$")).click()
        await expect(query_editor(page)).to_contain_text(name)
        answer = await run(page)
        assert "errors" not in answer, (name, answer)
        return dict(answer["data"])

    # What comes too early says what to do, and is not sent.
    await tab_titles(page).filter(has_text=re.compile("^Quote$")).click()
    await page.get_by_role("button", name=re.compile("Execute query")).click()
    await expect(result(page)).to_contain_text("Run HotelOffers first")

    await sign_in_as_demo_account(page, "traveler")
    await run_example("HotelOffers")
    total = (await run_example("Quote"))["quote"]["total"]
    watching = await page.context.new_page()
    await watching.goto(f"{graphiql.origin}/graphql")
    await tab_titles(watching).filter(has_text=re.compile("^WatchMyBookings$")).click()
    await expect(query_editor(watching)).to_contain_text("WatchMyBookings")
    await watching.get_by_role("button", name=re.compile("Execute query")).click()
    booked = (await run_example("BookRoom"))["createBooking"]
    assert booked["__typename"] == "Booking"
    assert booked["total"] == total
    await expect(result(watching)).to_contain_text(booked["code"])
    await expect(result(watching)).to_contain_text("CONFIRMED")
    assert (await run_example("CancelBooking"))["cancelBooking"]["state"] == "CANCELLED"
    await expect(result(watching)).to_contain_text("CANCELLED")
    due, refunded = "unknown", None
    async with asyncio.timeout(60):  # the refund follows the cancellation; how much depends on the room's terms
        while refunded != due:
            nodes = [edge["node"] for edge in (await run_example("MyBookings"))["me"]["bookings"]["edges"]]
            mine = next(node for node in nodes if node["code"] == booked["code"])
            due, refunded = mine["cancellation"]["refund"]["amount"], mine["payment"]["refunded"]["amount"]
    assert graphiql.errors == []


async def test_a_subscription_shows_a_change_that_somebody_else_makes(
    graphiql: OpenPage, supergraph: Supergraph
) -> None:
    page = graphiql.page
    manager = DEMO_ACCOUNTS[1]
    token = supergraph.sign_in(manager.email, manager.password)
    own = supergraph.data("{ me { managedHotels(first: 1) { edges { node { id name } } } } }", token=token)
    hotel = own["me"]["managedHotels"]["edges"][0]["node"]

    await write_query(page, f'subscription {{ hotelUpdated(id: "{hotel["id"]}") {{ name }} }}')
    await page.get_by_role("button", name=re.compile("Execute query")).click()
    await expect(result(page)).to_contain_text(hotel["name"])
    renamed = f"{hotel['name'][:40]} {uuid4().hex[:6]}"
    rename = "mutation($id: ID!, $name: String!) { updateHotel(input: {hotelId: $id, name: $name}) { __typename } }"
    await asyncio.to_thread(supergraph.data, rename, {"id": hotel["id"], "name": renamed}, token=token)
    await expect(result(page)).to_contain_text(renamed)
    assert graphiql.errors == []
    assert graphiql.foreign_requests() == []


async def test_signing_in_fills_the_headers_and_outlives_a_reload(graphiql: OpenPage) -> None:
    page = graphiql.page
    config = await (await page.request.get(f"{graphiql.origin}/graphiql/config.json")).json()
    account = config["demoAccounts"][0]

    await sign_in_as_demo_account(page, account["label"])
    await expect(headers_editor(page)).to_contain_text('"Authorization": "Bearer ')
    await write_query(page, "query WhoAmI { me { email } }")
    answer = await run(page)
    assert answer == {"data": {"me": {"email": account["email"]}}}

    # GraphiQL stores the tabs half a second after the last change.
    await page.wait_for_function("() => localStorage.getItem('graphiql:tabState')?.includes('query WhoAmI')")
    await page.reload()
    await expect(query_editor(page)).to_contain_text("query WhoAmI")
    await expect(headers_editor(page)).to_contain_text('"Authorization": "Bearer ')
    await expect(account_button(page)).to_have_attribute("data-signed-in", "true")

    await account_button(page).click()
    await account_panel(page).get_by_role("button", name="Sign out").click()
    await expect(headers_editor(page)).not_to_contain_text("Bearer")
    await expect(account_button(page)).to_have_text("Sign in")
    assert graphiql.errors == []
    assert graphiql.foreign_requests() == []
