"""Overrides, nulls, inaccessible elements, effects, and federation 1."""

from __future__ import annotations

import asyncio
from typing import Any

from router.tests.core.world import Ref, World, Zoo
from router.tests.core.zoo_roots import all_of, by, one

OVERRIDE = Zoo(
    {
        "old": """
          type Query { cars: [Car!]! }
          type Car @key(fields: "id") { id: ID!  colour: String  doors: Int  maker: String }
        """,
        "new": """
          type Car @key(fields: "id") {
            id: ID!  colour: String @override(from: "old")
            maker: String @external
            badge: String @requires(fields: "maker")
          }
        """,
    },
    World(
        records={
            "Car": {
                "1": {"id": "1", "colour": "red", "doors": 4, "maker": "VW"},
                "2": {"id": "2", "colour": None, "doors": 2, "maker": None},
            }
        },
        computed={"Query.cars": all_of("Car"), "Car.badge": lambda o: f"<{o('maker')}>"},
    ),
)


NULLS = Zoo(
    {
        "a": """
          type Query { boxes: [Box!]!  strict: Strict }
          type Box { label: String  item: Thing }
          type Thing @key(fields: "u") { u: ID! }
          type Strict { must: Thing! }
        """,
        "b": 'type Thing @key(fields: "u") @key(fields: "v") { u: ID!  v: ID!  fromB: String }',
        "c": """
          type Thing @key(fields: "v") { v: ID!  fromC: String  sure: Int!  inner: Inner }
          type Inner { deep: [Deep] }
          type Deep { n: Int! }
        """,
    },
    World(
        records={
            "Box": {
                "1": {"label": "x", "item": Ref("Thing", "t1")},
                "2": {"label": "y", "item": None},
                "3": {"label": "z", "item": Ref("Thing", "t2")},
            },
            "Thing": {
                "t1": {"u": "u1", "v": "v1", "fromB": "b1", "fromC": "c1", "sure": 1, "inner": Ref("Inner", "i")},
                "t2": {"u": "u2", "v": "v2", "fromB": "b2", "fromC": None, "sure": 2, "inner": None},
            },
            "Inner": {"i": {"deep": [Ref("Deep", "d1"), None, Ref("Deep", "d2")]}},
            "Deep": {"d1": {"n": 1}, "d2": {"n": 2}},
            "Strict": {"s": {"must": Ref("Thing", "t1")}},
        },
        computed={"Query.boxes": all_of("Box"), "Query.strict": one("Strict", "s")},
    ),
)
"""A path of two keys with nulls along it, and non-null fields at its end."""

INACCESSIBLE = Zoo(
    {
        "a": """
          type Query { rows: [Row!]!  shapes: [Shape!]!  secretRow: Row @inaccessible }
          type Row @key(fields: "id") @key(fields: "hidden") {
            id: ID!  hidden: ID! @inaccessible  mood: Mood  moods: [Mood!]
            pick(by: Mood, secret: Int @inaccessible): Int
          }
          enum Mood { HAPPY  SAD  SECRET @inaccessible }
          interface Shape { area: Int }
          type Square implements Shape { area: Int }
          type Ghost implements Shape @inaccessible { area: Int }
        """,
        "b": """
          type Row @key(fields: "hidden") { hidden: ID!  extra: String  cost: Int @inaccessible }
        """,
        "c": """
          type Row @key(fields: "id") { id: ID!  cost: Int @external  total: Int @requires(fields: "cost") }
        """,
    },
    World(
        records={
            "Row": {
                "1": {"id": "1", "hidden": "h1", "mood": "HAPPY", "moods": ["SAD"], "extra": "e", "cost": 5, "pick": 1},
                "2": {"id": "2", "hidden": "h2", "mood": None, "moods": None, "extra": None, "cost": 6, "pick": 2},
            },
            "Square": {"s": {"area": 4}},
            "Ghost": {"g": {"area": 5}},
        },
        computed={
            "Query.rows": all_of("Row"),
            "Query.shapes": lambda _w: [Ref("Square", "s")],
            "Query.secretRow": one("Row", "1"),
            "Row.total": lambda o: o("cost") + 1,
            "Row.pick": lambda _o, by=None, secret=None: {None: 0, "HAPPY": 1, "SAD": 2}[by],
        },
    ),
)
"""Elements that clients must not see but plans need."""


def _add(world: World, name: str) -> Ref:
    record_id = f"o{len(world.records['Order']) + 1}"
    world.records["Order"][record_id] = {"id": record_id, "name": name, "customer": Ref("Customer", "c1")}
    return Ref("Order", record_id)


def _rename(world: World, id: str, name: str) -> Ref:  # noqa: A002
    world.records["Customer"][id]["name"] = name
    return Ref("Customer", id)


async def _changes(world: World, count: int) -> Any:
    for number in range(count):
        await asyncio.sleep(0)
        world.records["Customer"]["c1"]["points"] = number
        yield Ref("Order", "o1")


ORDERS = Zoo(
    {
        "orders": """
          type Query { orders: [Order!]! }
          type Mutation { addOrder(name: String!): Order  dropOrders: Int!  failOrder: Order }
          type Subscription { orderChanged(count: Int!): Order }
          type Order @key(fields: "id") { id: ID!  name: String  customer: Customer }
          type Customer @key(fields: "id") { id: ID! }
        """,
        "customers": """
          type Query { customer(id: ID!): Customer }
          type Mutation { rename(id: ID!, name: String!): Customer }
          type Customer @key(fields: "id") { id: ID!  name: String  points: Int }
        """,
        "stats": 'type Order @key(fields: "id") { id: ID!  position: Int }',
    },
    World(
        records={
            "Order": {"o1": {"id": "o1", "name": "first", "customer": Ref("Customer", "c1"), "position": 1}},
            "Customer": {"c1": {"id": "c1", "name": "Ana", "points": 3}},
        },
        computed={
            "Query.orders": all_of("Order"),
            "Query.customer": by("Customer"),
            "Mutation.addOrder": _add,
            "Mutation.dropOrders": lambda world: len(world.records["Order"]),
            "Mutation.failOrder": lambda _w: (_ for _ in ()).throw(ValueError("no")),
            "Mutation.rename": _rename,
            "Subscription.orderChanged": _changes,
        },
    ),
)
"""Mutations of two subgraphs and a subscription, with entity fields after each."""

FED1 = Zoo(
    {
        "users": """#fed1
          extend type Query { user(id: ID!): User }
          type User @key(fields: "id") { id: ID!  name: String  country: String }
        """,
        "posts": """#fed1
          extend type Query { posts: [Post] }
          type Post @key(fields: "id") { id: ID!  text: String  author: User @provides(fields: "name") }
          extend type User @key(fields: "id") {
            id: ID! @external  name: String @external  country: String @external
            posts: [Post]  greeting: String @requires(fields: "country")
          }
        """,
    },
    World(
        records={
            "User": {"u1": {"id": "u1", "name": "Ana", "country": "BR", "posts": [Ref("Post", "1")]}},
            "Post": {"1": {"id": "1", "text": "oi", "author": Ref("User", "u1")}},
        },
        computed={
            "Query.user": by("User"),
            "Query.posts": all_of("Post"),
            "User.greeting": lambda o: {"BR": "Olá"}[o("country")],
        },
    ),
)
"""Subgraphs written for federation 1."""


ZOOS: dict[str, Zoo] = {name.lower(): value for name, value in list(globals().items()) if isinstance(value, Zoo)}
