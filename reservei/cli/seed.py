"""``reservei seed``: a demo market for a machine that has no real data."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from reservei.market.demo.market import SeedOptions, SeedResult


def seed(
    hotels: Annotated[int, typer.Option(min=1, max=20_000, help="How many hotels.")] = 400,
    users: Annotated[int, typer.Option(min=0, max=50_000, help="How many users, besides the demo accounts.")] = 500,
    days: Annotated[int, typer.Option(min=1, max=1100, help="How many nights from today are on sale.")] = 548,
    seed: Annotated[int, typer.Option("--seed", help="Which market: the same number gives the same one.")] = 42,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing when there are hotels already.")] = False,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day that dates are counted from.", show_default="today"),
    ] = None,
    no_analytics: Annotated[
        bool, typer.Option("--no-analytics", help="Leave it to `reservei backfill` to tell analytics of the hotels.")
    ] = False,
) -> None:
    """Load a demo market: hotels all over Brazil with rates and inventory, users, reviews and the demo accounts.

    What is there already stays as it is, so running it again changes nothing. It needs no network.
    """
    from rich.console import Console

    from reservei.market.demo.market import SeedOptions
    from shared.config import platform_settings
    from shared.db import utc_now
    from subgraphs.hotels.stays import earliest_today

    if platform_settings().environment == "production":
        message = "This is production: the demo accounts have a password that everybody knows. Nothing was loaded."
        Console(stderr=True, highlight=False).print(message, style="bold red")
        raise typer.Exit(2)
    options = SeedOptions(hotels, users, days, seed, today.date() if today else earliest_today(utc_now()))
    console = Console(highlight=False, soft_wrap=True)
    result = asyncio.run(_run(console, options, if_empty=if_empty, tells=not no_analytics))
    if result is None:
        console.print("There are hotels already: the demo market was not loaded.")
    else:
        _show(console, result)


async def _run(console: Console, options: SeedOptions, *, if_empty: bool, tells: bool) -> SeedResult | None:
    from reservei.cli._meter import Meter
    from reservei.cli.analytics import tell_after_load
    from reservei.market.databases import open_databases
    from reservei.market.demo.coupons import seed_coupon
    from reservei.market.demo.market import market_is_empty, seed_market
    from shared.config import platform_settings

    async with open_databases(platform_settings(), "users", "hotels", "bookings") as databases:
        if if_empty and not await market_is_empty(databases["hotels"]):
            return None
        with Meter(console, "Loading the demo market", options.hotels) as meter:
            result = await seed_market(
                databases["users"],
                databases["hotels"],
                options,
                lambda done, total: meter.update(done, f"{done:,} of {total:,} hotels"),
            )
        result.coupons_new = int(await seed_coupon(databases["bookings"]))
        if tells and result.hotels_new:
            from reservei.market.backfill import Origin

            await tell_after_load(console, platform_settings(), [Origin.HOTELS])
        return result


def _show(console: Console, result: SeedResult) -> None:
    from reservei.market.demo.coupons import DEMO_COUPON

    if not result.hotels_new and not result.users_new and not result.coupons_new:
        console.print(f"Demo market: nothing new; {result.hotels_known:,} hotels were there already.")
        return
    console.print(
        f"Demo market: {result.hotels_new:,} hotels with {result.room_types:,} room types, {result.nights:,} nights on "
        f"sale and {result.reviews:,} reviews; {result.users_new:,} users."
    )
    if result.coupons_new:
        console.print(f"A coupon for everybody to try: {DEMO_COUPON}, 10 % once for each traveler.")
    if result.hotels_known:
        console.print(f"{result.hotels_known:,} hotels were there already and stayed as they are.")
