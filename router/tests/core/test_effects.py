"""Mutations run one after the other; subscriptions complete each event."""

from __future__ import annotations

from router.execution import TransportError
from router.tests.core.harness import Running
from router.tests.core.zoo_various import ORDERS

SEVERAL = """
mutation {
  a: addOrder(name: "x") { id name customer { name } position }
  rename(id: "c1", name: "Zé") { name points }
  b: addOrder(name: "y") { customer { name } }
  n: dropOrders
  c: addOrder(name: "z") { id }
}
"""


def _mutations(running: Running) -> list[str]:
    return [entry.split(":")[1] for entry in running.world.log if ":" in entry]


async def test_mutations_of_several_subgraphs_keep_the_clients_order() -> None:
    running = Running(ORDERS)

    answer = await running.execute(SEVERAL)

    assert _mutations(running) == ["addOrder", "rename", "addOrder", "dropOrders", "addOrder"]
    assert answer == {
        "data": {
            "a": {"id": "o2", "name": "x", "customer": {"name": "Ana"}, "position": None},
            "rename": {"name": "Zé", "points": 3},
            "b": {"customer": {"name": "Zé"}},
            "n": 3,
            "c": {"id": "o4"},
        }
    }


async def test_neighbouring_mutations_of_one_subgraph_share_a_request() -> None:
    running = Running(ORDERS)
    await running.execute('mutation { dropOrders a: addOrder(name: "x") { id } again: dropOrders }')
    assert running.calls() == ["orders"]
    assert _mutations(running) == ["dropOrders", "addOrder", "dropOrders"]


async def test_a_failed_mutation_does_not_stop_the_next_one() -> None:
    running = Running(ORDERS)
    answer = await running.execute('mutation { failOrder { name } rename(id: "c1", name: "N") { name } }')
    assert answer["data"] == {"failOrder": None, "rename": {"name": "N"}}
    assert [error["path"] for error in answer["errors"]] == [["failOrder"]]


async def test_a_skipped_mutation_is_not_made() -> None:
    running = Running(ORDERS)
    query = 'mutation ($x: Boolean!) { dropOrders rename(id: "c1", name: "N") @include(if: $x) { name } }'
    assert await running.execute(query, {"x": False}) == {"data": {"dropOrders": 1}}
    assert _mutations(running) == ["dropOrders"]


async def test_each_event_of_a_subscription_is_completed_by_other_subgraphs() -> None:
    running = Running(ORDERS)
    query = "subscription ($c: Int!) { changed: orderChanged(count: $c) { id customer { name points } position } }"

    events = [event async for event in running.subscribe(query, {"c": 3})]

    assert [event["data"]["changed"]["customer"]["points"] for event in events] == [0, 1, 2]
    assert all(event["data"]["changed"]["position"] == 1 for event in events)
    assert running.calls() == ["customers", "stats"] * 3


async def test_a_lost_subgraph_costs_an_event_its_fields_but_not_the_stream() -> None:
    running = Running(ORDERS)
    running.subgraphs["stats"].down = True
    query = "subscription { orderChanged(count: 2) { name position } }"

    events = [event async for event in running.subscribe(query)]

    assert [event["data"] for event in events] == [{"orderChanged": {"name": "first", "position": None}}] * 2
    assert [event["errors"][0]["path"] for event in events] == [["orderChanged"]] * 2


async def test_a_stream_that_breaks_ends_with_an_error() -> None:
    running = Running(ORDERS)

    async def breaking(_request: object) -> object:
        yield {"data": {"orderChanged": {"name": "first"}}}
        raise TransportError("orders", "The stream broke.")

    running.subgraphs["orders"].subscribe = breaking  # type: ignore[method-assign, assignment]

    events = [event async for event in running.subscribe("subscription { orderChanged(count: 2) { name } }")]

    assert events[0] == {"data": {"orderChanged": {"name": "first"}}}
    assert events[1]["errors"] == [
        {"message": "The stream broke.", "extensions": {"code": "UNAVAILABLE", "service": "orders"}}
    ]
    assert len(events) == 2


async def test_closing_the_answer_closes_the_subgraphs_stream() -> None:
    running = Running(ORDERS)
    closed = []

    async def endless(_request: object) -> object:
        try:
            while True:
                yield {"data": {"orderChanged": {"name": "first"}}}
        finally:
            closed.append(True)

    running.subgraphs["orders"].subscribe = endless  # type: ignore[method-assign, assignment]
    stream = running.subscribe("subscription { orderChanged(count: 2) { name } }")

    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]

    assert closed == [True]


async def test_a_stream_of_a_query_is_its_one_answer() -> None:
    running = Running(ORDERS)
    events = [event async for event in running.subscribe("{ orders { name } }")]
    assert events == [{"data": {"orders": [{"name": "first"}]}}]


async def test_a_subscription_needs_a_stream() -> None:
    answer = await Running(ORDERS).execute("subscription { orderChanged(count: 2) { name } }")
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert "data" not in answer
