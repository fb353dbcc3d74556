"""What fails costs its own field: the rest arrives, with one clear error where the client can find it."""

from __future__ import annotations

import asyncio
from typing import Any

from router.execution import RequestContext, SubgraphRequest
from router.tests.core.harness import Running
from router.tests.core.zoo_abstract import INTERFACES, UNIONS
from router.tests.core.zoo_entities import KEYS, SHOP
from router.tests.core.zoo_various import INACCESSIBLE, NULLS, ORDERS


def _unavailable(service: str, *path: str | int) -> dict[str, Any]:
    located = {"path": list(path)} if path else {}
    return {
        "message": "The subgraph is not reachable.",
        **located,
        "extensions": {"code": "UNAVAILABLE", "service": service},
    }


async def test_a_lost_subgraph_costs_its_fields_and_one_error() -> None:
    running = Running(SHOP)
    running.subgraphs["inventory"].down = True

    answer = await running.execute("{ topProducts(first: 2) { name inStock } }")

    assert answer == {
        "data": {"topProducts": [{"name": "Lamp", "inStock": None}, {"name": "Chair", "inStock": None}]},
        "errors": [_unavailable("inventory", "topProducts")],
    }


async def test_a_lost_root_subgraph_leaves_the_other_root_fields() -> None:
    running = Running(ORDERS)
    running.subgraphs["customers"].down = True

    answer = await running.execute('{ orders { name } customer(id: "c1") { name } }')

    assert answer == {
        "data": {"orders": [{"name": "first"}], "customer": None},
        "errors": [_unavailable("customers")],
    }


async def test_a_subgraph_lost_in_the_middle_of_a_path_of_keys_is_reported_once() -> None:
    running = Running(KEYS)
    running.subgraphs["b"].down = True

    answer = await running.execute("{ things { fromA fromC fromD } }")

    assert answer["data"]["things"][0] == {"fromA": "A1", "fromC": None, "fromD": None}
    assert answer["errors"] == [_unavailable("b", "things")]
    assert running.calls() == ["a", "b"]


async def test_a_lost_subgraph_behind_a_non_null_field_spreads_its_null_without_a_second_error() -> None:
    running = Running(SHOP)
    running.subgraphs["reviews"].down = True

    answer = await running.execute('{ product(upc: "1") { name reviews { id } } me { id } }')

    assert answer == {"data": {"product": None, "me": {"id": "u1"}}, "errors": [_unavailable("reviews", "product")]}


async def test_a_subgraph_recovers_by_itself() -> None:
    running = Running(SHOP)
    running.subgraphs["inventory"].down = True
    await running.execute("{ topProducts { inStock } }")
    running.subgraphs["inventory"].down = False

    answer = await running.execute("{ topProducts { inStock } }")

    assert "errors" not in answer


async def test_one_failing_entity_of_many_gives_one_error_at_its_place() -> None:
    running = Running(SHOP)
    running.world.failing.add(("inventory", "Product", "2"))

    answer = await running.execute("{ shelf: topProducts { name inStock shipping } }")

    assert [one["inStock"] for one in answer["data"]["shelf"]] == [True, None, None]
    assert answer["errors"] == [
        {
            "message": "Product 2 failed",
            "path": ["shelf", 1],
            "extensions": {"code": "INTERNAL", "service": "inventory"},
        }
    ]


async def test_a_failing_field_of_an_entity_is_found_under_the_clients_aliases() -> None:
    running = Running(SHOP)
    running.world.failing.add(("accounts", "User.name", "u2"))

    answer = await running.execute("{ news: latest { by: author { called: name } } }")

    assert answer["data"]["news"][1] == {"by": {"called": None}}
    (error,) = answer["errors"]
    assert error["path"] == ["news", 1, "by", "called"]


async def test_an_entity_in_several_places_is_asked_for_once_and_fails_once() -> None:
    running = Running(SHOP)
    running.world.records["Review"]["r3"]["author"] = running.world.records["Review"]["r2"]["author"]
    running.world.failing.add(("accounts", "User.email", "u2"))

    answer = await running.execute("{ latest { author { email } } }")

    (request,) = running.subgraphs["accounts"].requests
    assert [one["id"] for one in request.variables["representations"]] == ["u1", "u2"]
    assert [one["author"] for one in answer["data"]["latest"]] == [{"email": "ana@x"}, None, None]
    assert [error["path"] for error in answer["errors"]] == [["latest", 1, "author", "email"]]


async def test_null_in_the_middle_of_a_path_of_keys_stops_that_path_only() -> None:
    running = Running(NULLS)
    running.world.hidden.add(("b", "Thing", "t1"))

    answer = await running.execute("{ boxes { label item { u fromC } } }")

    assert answer == {
        "data": {
            "boxes": [
                {"label": "x", "item": {"u": "u1", "fromC": None}},
                {"label": "y", "item": None},
                {"label": "z", "item": {"u": "u2", "fromC": None}},
            ]
        }
    }
    (request,) = running.subgraphs["c"].requests
    assert request.variables["representations"] == [{"__typename": "Thing", "v": "v2"}]


async def test_an_unknown_entity_with_a_non_null_field_becomes_null_with_an_error() -> None:
    running = Running(NULLS)
    running.world.hidden.add(("c", "Thing", "t2"))

    answer = await running.execute("{ boxes { item { sure } } }")

    assert answer["data"] == {"boxes": [{"item": {"sure": 1}}, {"item": None}, {"item": None}]}
    assert answer["errors"] == [
        {
            "message": "Cannot return null for non-nullable field Thing.sure.",
            "path": ["boxes", 2, "item", "sure"],
            "extensions": {"code": "INTERNAL"},
        }
    ]


async def test_null_spreads_up_to_the_root() -> None:
    running = Running(NULLS)
    running.world.hidden.add(("c", "Thing", "t1"))

    answer = await running.execute("{ strict { must { sure } } }")
    assert answer["data"] == {"strict": None}

    running.subgraphs["a"].down = True
    answer = await running.execute("{ boxes { label } }")
    assert answer == {"data": None, "errors": [_unavailable("a")]}


async def test_nothing_is_asked_when_there_is_nothing_to_ask_for() -> None:
    running = Running(SHOP)

    answer = await running.execute('{ product(upc: "nope") { inStock reviews { author { name } } } }')

    assert answer == {"data": {"product": None}}
    assert running.calls() == ["products"]


async def test_errors_without_data_become_one_error_that_keeps_its_code() -> None:
    running = Running(SHOP)
    running.subgraphs["inventory"].answer = lambda _: {
        "errors": [
            {"message": "Too many calls.", "extensions": {"code": "RATE_LIMITED", "stacktrace": ["at x"]}},
            {"message": "And another thing."},
        ]
    }

    answer = await running.execute("{ topProducts { name inStock } }")

    assert answer["errors"] == [
        {
            "message": "Too many calls.",
            "path": ["topProducts"],
            "extensions": {"code": "RATE_LIMITED", "service": "inventory"},
        }
    ]
    assert answer["data"]["topProducts"][0] == {"name": "Lamp", "inStock": None}


async def test_an_answer_that_is_not_graphql_costs_its_fields_only() -> None:
    for nonsense in ({}, {"data": {}}, {"data": {"_entities": "x"}}, {"data": {"_entities": []}}, {"data": []}):
        running = Running(SHOP)
        running.subgraphs["inventory"].answer = lambda _, nonsense=nonsense: dict(nonsense)

        answer = await running.execute("{ topProducts { name inStock } }")

        assert answer["data"]["topProducts"][0] == {"name": "Lamp", "inStock": None}, nonsense
        (error,) = answer["errors"]
        assert error["extensions"] == {"code": "INTERNAL", "service": "inventory"}


async def test_data_of_the_wrong_kind_is_null_with_an_error() -> None:
    running = Running(SHOP)
    running.subgraphs["products"].answer = lambda _: {"data": {"topProducts": [{"name": "x", "similar": "no list"}, 7]}}

    answer = await running.execute("{ topProducts { name similar { upc } } }")

    assert answer["data"] is None
    assert {tuple(error["path"]) for error in answer["errors"]} == {("topProducts", 0, "similar"), ("topProducts", 1)}


async def test_objects_of_the_wrong_kind_do_not_stop_the_fetches_of_others() -> None:
    running = Running(SHOP)
    running.subgraphs["products"].answer = lambda _: {"data": {"product": "text", "topProducts": [{"upc": "1"}]}}

    answer = await running.execute('{ product(upc: "1") { inStock } topProducts { upc } }')

    assert answer["data"] == {"product": None, "topProducts": [{"upc": "1"}]}
    assert all(error["extensions"]["code"] == "INTERNAL" for error in answer["errors"])


async def test_enum_values_that_clients_must_not_see_are_null_with_an_error() -> None:
    running = Running(INACCESSIBLE)
    running.world.records["Row"]["1"]["mood"] = "SECRET"
    running.world.records["Row"]["2"]["moods"] = ["HAPPY", "SECRET"]

    answer = await running.execute("{ rows { mood moods } }")

    assert answer["data"] == {"rows": [{"mood": None, "moods": ["SAD"]}, {"mood": None, "moods": None}]}
    assert [error["path"] for error in answer["errors"]] == [["rows", 0, "mood"], ["rows", 1, "moods", 1]]
    assert "SECRET" not in str(answer)


async def test_objects_of_types_that_clients_must_not_see_are_null_with_an_error() -> None:
    running = Running(INACCESSIBLE)
    running.world.computed = running.world.computed | {
        "Query.shapes": lambda _w: [type(ref)("Ghost", "g") for ref in INACCESSIBLE.world.computed["Query.shapes"](_w)]
    }

    answer = await running.execute("{ shapes { area } }")

    assert answer["data"] is None
    assert [error["path"] for error in answer["errors"]] == [["shapes", 0]]
    assert "Ghost" not in str(answer)


async def test_an_unknown_type_name_is_null_with_an_error() -> None:
    running = Running(UNIONS)
    running.subgraphs["a"].answer = lambda _: {"data": {"one": {"__typename": "Spaceship", "title": "x"}}}

    answer = await running.execute("{ one { ... on Song { title } ... on Album { tracks } } }")

    assert answer["data"] == {"one": None}
    assert [error["path"] for error in answer["errors"]] == [["one"]]


async def test_a_subgraph_that_is_too_slow_is_given_up_at_the_deadline() -> None:
    running = Running(INTERFACES)
    asked = asyncio.Event()

    async def hang(_request: SubgraphRequest) -> dict[str, Any]:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody lets it go on")

    running.subgraphs["prices"].execute = hang  # type: ignore[method-assign]
    for seconds in (0.1, 1, 10):  # longer when the machine was too slow to ask it meanwhile
        deadline = asyncio.get_running_loop().time() + seconds
        answer = await running.execute(
            "{ items { name ... on Book { price } } }", context=RequestContext(deadline=deadline)
        )
        if asked.is_set():
            break

    assert answer["data"]["items"][0] == {"name": "Grande Sertão", "price": None}
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "UNAVAILABLE", "service": "prices"}]


async def test_a_transport_that_breaks_says_nothing_about_its_inside() -> None:
    running = Running(SHOP)

    async def explode(_request: SubgraphRequest) -> dict[str, Any]:
        raise RuntimeError("postgres://secret@db:5432")

    running.subgraphs["inventory"].execute = explode  # type: ignore[method-assign]

    answer = await running.execute("{ topProducts { name inStock } }")

    assert answer["data"]["topProducts"][0] == {"name": "Lamp", "inStock": None}
    assert "secret" not in str(answer)


async def test_what_a_failed_fetch_did_not_bring_does_not_pass_for_null() -> None:
    running = Running(SHOP)
    running.world.failing.add(("products", "Product.weight", "1"))
    answer = await running.execute("{ topProducts(first: 1) { shipping } }")
    # The weight is nullable and failed: its subgraph says null, and that is what is given.
    assert answer["data"] == {"topProducts": [{"shipping": None}]}

    running = Running(SHOP)
    running.subgraphs["products"].down = True
    answer = await running.execute("{ latest { product { shipping } } }")
    assert answer["data"] == {"latest": [{"product": {"shipping": None}}] * 3}
    assert running.subgraphs["inventory"].requests == []
    assert answer["errors"] == [_unavailable("products", "latest")]
