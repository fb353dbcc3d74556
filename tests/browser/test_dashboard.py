"""The managers' dashboard in a real browser, against the whole supergraph."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright, expect

from reservei.demo_accounts import DEMO_ACCOUNTS
from shared.testing.plugin import PATIENCE_SECONDS
from tests.browser.test_graphiql import CHROMIUM, CHROMIUM_ARGUMENTS, pytestmark
from tests.conftest import Supergraph

__all__ = ["pytestmark"]
TRAVELER, MANAGER, *_ = DEMO_ACCOUNTS
PICTURES = os.environ.get("RESERVEI_SCREENSHOTS")
"""A folder for pictures of what the test sees."""
BOOK = """
mutation($input: CreateBookingInput!, $key: String!) {
  createBooking(input: $input, idempotencyKey: $key, waitMs: 10000) {
    __typename ... on Booking { id state } ... on Problem { message } } }
"""


@pytest_asyncio.fixture(loop_scope="session", params=[(1280, 900), (360, 740)], ids=["desktop", "phone"])
async def page(request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    width, height = request.param
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGUMENTS)
        opened = await browser.new_page(viewport={"width": width, "height": height}, locale="pt-BR")
        problems: list[str] = []
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        yield opened
        await browser.close()
        assert problems == []


def offer_at_the_managers_hotel(supergraph: Supergraph, token: str) -> tuple[str, dict[str, Any]]:
    """A hotel that the manager has, and what it takes to book a room there."""
    check_in = date.today() + timedelta(days=20)  # noqa: DTZ011  # weeks ahead, whatever the zone
    stay = {
        "checkInDate": check_in.isoformat(),
        "checkOutDate": (check_in + timedelta(days=1)).isoformat(),
        "guests": 1,
    }
    data = supergraph.data(
        "query($stay: StayInput!) { me { managedHotels(first: 100) { edges { node { id"
        " availability(stay: $stay) { roomType { id } total { amount currency } } } } } } }",
        {"stay": stay},
        token=token,
    )
    hotels = [edge["node"] for edge in data["me"]["managedHotels"]["edges"]]
    hotel = next(hotel for hotel in hotels if hotel["availability"])
    offer = hotel["availability"][0]
    given = {
        "roomTypeId": offer["roomType"]["id"],
        "stay": stay,
        "expectedTotal": offer["total"],
        "payment": {"method": "CARD", "cardToken": "tok_approve"},
    }
    return hotel["id"], given


async def test_a_manager_signs_in_and_sees_a_booking_come_in(supergraph: Supergraph, page: Page) -> None:
    traveler = await asyncio.to_thread(supergraph.sign_in, TRAVELER.email, TRAVELER.password)
    manager = await asyncio.to_thread(supergraph.sign_in, MANAGER.email, MANAGER.password)
    hotel_id, given = await asyncio.to_thread(offer_at_the_managers_hotel, supergraph, manager)

    await page.goto(f"{supergraph.url}/dashboard")
    await page.get_by_label("E-mail").fill(MANAGER.email)
    await page.get_by_label("Senha").fill(MANAGER.password)
    await page.get_by_role("button", name="Entrar").click()
    await page.get_by_label("Hotel").select_option(hotel_id)
    await expect(page.get_by_role("status")).to_have_text("ao vivo")
    sold = page.locator('[data-key="soldToday"]')
    before = int(await sold.get_attribute("data-value") or "")

    variables = {"input": given, "key": str(uuid4())}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:  # the same key again, until the sale is through
            answer = await asyncio.to_thread(supergraph.data, BOOK, variables, token=traveler)
            assert answer["createBooking"]["__typename"] == "Booking", answer
            if answer["createBooking"]["state"] == "CONFIRMED":
                break
    await expect(sold).to_have_attribute("data-value", str(before + 1))

    await expect(page.locator("#charts img")).to_have_count(6)
    await expect(page.locator('[data-key="revenue"]')).to_contain_text("R$")
    too_wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not too_wide, "nothing to scroll sideways"
    if PICTURES:
        name = "phone" if (page.viewport_size or {})["width"] < 500 else "desktop"
        await page.screenshot(path=f"{PICTURES}/dashboard-{name}.png", full_page=True)

    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="Today, live")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    assert await page.evaluate("sessionStorage.length") == 0


async def test_who_manages_nothing_is_told_so(supergraph: Supergraph, page: Page) -> None:
    await page.goto(f"{supergraph.url}/dashboard")
    await page.get_by_label("E-mail").fill(TRAVELER.email)
    await page.get_by_label("Senha").fill("wrong-password-here")
    await page.get_by_role("button", name="Entrar").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Senha").fill(TRAVELER.password)
    await page.get_by_role("button", name="Entrar").click()
    await expect(page.get_by_role("alert")).to_have_text("Você ainda não gerencia nenhum hotel.")
