"""More small supergraphs: features in combination, where planners tend to go wrong."""

from __future__ import annotations

from typing import Any

from router.tests.core.world import Ref, World, Zoo


def _refs(*ones: str) -> Any:
    """Links written as "Type:id"; an empty one is null."""
    return lambda _world, **_: [Ref(*one.split(":")) if one else None for one in ones]


def _ref(one: str) -> Any:
    return lambda _world, **_: Ref(*one.split(":"))


def _node(world: World, **arguments: str) -> Ref | None:
    wanted = arguments["id"]
    return next((Ref(name, wanted) for name in ("Flight", "Train") if wanted in world.records[name]), None)


NODES = Zoo(
    {
        "flights": """
          type Query { node(id: ID!): Node  anything: [Node!]! }
          interface Node { id: ID! }
          type Flight implements Node @key(fields: "id") { id: ID!  code: String }
          type Train implements Node @key(fields: "id") { id: ID! }
          type Lounge implements Node { id: ID!  opens: String }
        """,
        "trains": """
          type Query { trains: [Node!]! }
          interface Node { id: ID! }
          type Train implements Node @key(fields: "id") { id: ID!  line: String  next: Node }
          type Station implements Node @key(fields: "id") { id: ID!  city: String  trains: [Train!] }
        """,
        "delays": """
          interface Late { minutes: Int  cause: Node }
          interface Node { id: ID! }
          type Flight implements Late & Node @key(fields: "id") { id: ID!  minutes: Int  cause: Node }
          type Train implements Late & Node @key(fields: "id") { id: ID!  minutes: Int  cause: Node }
          type Storm implements Node { id: ID!  wind: Int }
          type Query { late: [Late] }
        """,
    },
    World(
        records={
            "Flight": {"f1": {"id": "f1", "code": "RSV1", "minutes": 5, "cause": Ref("Storm", "s1")}},
            "Train": {
                "t1": {"id": "t1", "line": "Blue", "next": Ref("Station", "x1"), "minutes": None, "cause": None},
                "t2": {
                    "id": "t2",
                    "line": None,
                    "next": Ref("Train", "t1"),
                    "minutes": 9,
                    "cause": Ref("Flight", "f1"),
                },
            },
            "Station": {"x1": {"id": "x1", "city": "Recife", "trains": [Ref("Train", "t2")]}},
            "Lounge": {"l1": {"id": "l1", "opens": "9"}},
            "Storm": {"s1": {"id": "s1", "wind": 80}},
        },
        computed={
            "Query.node": _node,
            "Query.anything": _refs("Flight:f1", "Lounge:l1", "Train:t2"),
            "Query.trains": _refs("Train:t1", "Station:x1", "Train:t2"),
            "Query.late": _refs("Train:t2", "", "Flight:f1"),
        },
    ),
)
"""One interface with other implementations in each subgraph."""

PROVIDED_INTERFACE = Zoo(
    {
        "shelf": """
          type Query {
            plain: Media
            full: Media @provides(fields: "... on Book { pages authors { name } } ... on Film { title }")
          }
          interface Media { id: ID! }
          type Book implements Media @key(fields: "id") {
            id: ID!  pages: Int @external  authors: [Author!] @external
          }
          type Film implements Media @key(fields: "id") { id: ID!  title: String @external }
          type Author @key(fields: "id") { id: ID!  name: String @external }
        """,
        "library": """
          type Book @key(fields: "id") { id: ID!  pages: Int  authors: [Author!] @shareable  title: String }
          type Film @key(fields: "id") { id: ID!  title: String }
          type Author @key(fields: "id") { id: ID!  name: String  age: Int }
        """,
    },
    World(
        records={
            "Book": {"b": {"id": "b", "pages": 9, "title": "T", "authors": [Ref("Author", "a")]}},
            "Film": {"f": {"id": "f", "title": "F"}},
            "Author": {"a": {"id": "a", "name": "Lygia", "age": 98}},
        },
        computed={"Query.plain": _ref("Book:b"), "Query.full": _ref("Book:b")},
    ),
)
"""Provides below an interface, with lists of entities inside."""

TAKEN_OVER = Zoo(
    {
        "start": """
          type Query { jobs: [Job!]! }
          interface Work { title: String  hours: Int }
          type Job implements Work @key(fields: "id") { id: ID!  title: String  hours: Int }
          type Chore implements Work { title: String  hours: Int }
        """,
        "middle": """
          type Job @key(fields: "id") {
            id: ID!  title: String @override(from: "start")
            hours: Int @external  days: Int @requires(fields: "hours")
          }
          type Query { board: [Job!]! }
        """,
        "end": """
          type Job @key(fields: "id") {
            id: ID!  title: String @external  days: Int @external
            poster: String @requires(fields: "title days")
          }
        """,
        "views": """
          type Query { works: [Work!]! }
          interface Work { title: String }
          type Job implements Work @key(fields: "id") { id: ID!  title: String @external }
          type Errand implements Work { title: String  hours: Int }
        """,
    },
    World(
        records={
            "Job": {"1": {"id": "1", "title": "Guide", "hours": 16}, "2": {"id": "2", "title": None, "hours": 8}},
            "Chore": {"c": {"title": "Sweep", "hours": 1}},
            "Errand": {"e": {"title": "Post", "hours": 0}},
        },
        computed={
            "Query.jobs": _refs("Job:1", "Job:2"),
            "Query.board": _refs("Job:2"),
            "Query.works": _refs("Job:1", "Errand:e", "Job:2"),
            "Job.days": lambda o: o("hours") // 8,
            "Job.poster": lambda o: f"{o('title')} {o('days')}",
        },
    ),
)
"""An override amid a chain of requires, and an interface whose field one subgraph cannot resolve for all types."""

INTERSECTIONS = Zoo(
    {
        "a": """
          type Query { rooms(filter: Filter, sort: Sort = NAME): [Room!]!  echo(when: [Day!]): [Day!] }
          input Filter { text: String  beds: Int = 1  inner: Inner }
          input Inner { level: Int!  only: Boolean }
          enum Sort { NAME PRICE SIZE }
          enum Day { MON TUE }
          type Room @key(fields: "id") { id: ID!  kind: Kind }
          enum Kind { SINGLE DOUBLE @inaccessible }
        """,
        "b": """
          type Room @key(fields: "id") { id: ID!  rated(filter: Filter): Int  best: Kind }
          input Filter { text: String  beds: Int = 1 }
          enum Kind { SINGLE SUITE }
        """,
    },
    World(
        records={
            "Room": {"1": {"id": "1", "kind": "SINGLE", "best": "SUITE"}, "2": {"id": "2", "kind": None, "best": None}}
        },
        computed={
            "Query.rooms": lambda world, filter=None, sort=None: [  # noqa: A006
                Ref("Room", one) for one in sorted(world.records["Room"], reverse=sort == "PRICE")
            ],
            "Query.echo": lambda _w, when=None: when,
            "Room.rated": lambda _o, filter=None: len((filter or {}).get("text") or "") + (filter or {}).get("beds", 0),  # noqa: A006
        },
    ),
)
"""Input fields and enum values that only some subgraphs have."""

CROSSED = Zoo(
    {
        "left": """
          type Query { pairs: [Pair!]! }
          type Pair @key(fields: "id") {
            id: ID!  l1: Int  r1: Int @external  l2: Int @requires(fields: "r1")
            r2: Int @external  l3: Int @requires(fields: "r2")
          }
        """,
        "right": """
          type Pair @key(fields: "id") {
            id: ID!  l1: Int @external  r1: Int @requires(fields: "l1")
            l2: Int @external  r2: Int @requires(fields: "l2")
          }
        """,
    },
    World(
        records={"Pair": {"1": {"id": "1", "l1": 1}, "2": {"id": "2", "l1": 5}}},
        computed={
            "Query.pairs": _refs("Pair:1", "Pair:2"),
            "Pair.r1": lambda o: o("l1") * 2,
            "Pair.l2": lambda o: o("r1") + 1,
            "Pair.r2": lambda o: o("l2") * 3,
            "Pair.l3": lambda o: o("r2") - 1,
        },
    ),
)
"""Two subgraphs that require each other's fields, back and forth."""

STUBS = Zoo(
    {
        "trips": """
          type Query { trips: [Trip!]! }
          type Trip @key(fields: "id") { id: ID!  guide: Guide  stops: [Stop!] }
          type Guide @key(fields: "id", resolvable: false) { id: ID! }
          type Stop @key(fields: "city { code } number", resolvable: false) { city: City!  number: Int! }
          type City @key(fields: "code", resolvable: false) { code: ID! }
        """,
        "guides": """
          type Query { guides: [Guide] }
          type Guide @key(fields: "id") { id: ID!  name: String  best: Trip }
          type Trip @key(fields: "id", resolvable: false) { id: ID! }
        """,
        "places": """
          type City @key(fields: "code") { code: ID!  name: String! }
          type Stop @key(fields: "city { code } number") { city: City!  number: Int!  view: String }
        """,
    },
    World(
        records={
            "Trip": {
                "t": {"id": "t", "guide": Ref("Guide", "g"), "stops": [Ref("Stop", "1"), Ref("Stop", "2")]},
                "u": {"id": "u", "guide": None, "stops": None},
            },
            "Guide": {"g": {"id": "g", "name": "Rita", "best": Ref("Trip", "t")}},
            "City": {"rec": {"code": "rec", "name": "Recife"}},
            "Stop": {
                "1": {"city": Ref("City", "rec"), "number": 1, "view": "sea"},
                "2": {"city": Ref("City", "rec"), "number": 2, "view": None},
            },
        },
        computed={"Query.trips": _refs("Trip:t", "Trip:u"), "Query.guides": _refs("Guide:g", "")},
    ),
)
"""References by keys that the referring subgraph cannot resolve, one of them nested."""

LAYERS = Zoo(
    {
        "one": """
          type Query { house: House @shareable  street: [House!]! }
          type House @key(fields: "id") { id: ID!  floor: Floor @shareable }
          type Floor @shareable { number: Int  room: Room }
          type Room @shareable { name: String }
        """,
        "two": """
          type Query { house: House @shareable }
          type House @key(fields: "id") { id: ID!  floor: Floor @shareable }
          type Floor @shareable { room: Room  area: Int }
          type Room @shareable { name: String  light: Light }
          type Light @shareable { watts: Int }
        """,
        "three": """
          type House @key(fields: "id") { id: ID!  floor: Floor @shareable }
          type Floor @shareable { room: Room }
          type Room @shareable { light: Light  guests: [Guest!] }
          type Light @shareable { colour: String }
          type Guest @key(fields: "id") { id: ID! }
        """,
        "four": 'type Guest @key(fields: "id") { id: ID!  name: String }',
    },
    World(
        records={
            "House": {"h": {"id": "h", "floor": Ref("Floor", "f")}, "i": {"id": "i", "floor": None}},
            "Floor": {"f": {"number": 1, "area": 50, "room": Ref("Room", "r")}},
            "Room": {"r": {"name": "Blue", "light": Ref("Light", "l"), "guests": [Ref("Guest", "g")]}},
            "Light": {"l": {"watts": 40, "colour": "warm"}},
            "Guest": {"g": {"id": "g", "name": "Ana"}},
        },
        computed={"Query.house": _ref("House:h"), "Query.street": _refs("House:h", "House:i")},
    ),
)
"""Value types inside value types, each with parts in other subgraphs, below an entity."""

REQUIRED_LISTS = Zoo(
    {
        "carts": """
          type Query { carts: [Cart!]! }
          type Cart @key(fields: "id") { id: ID!  lines: [Line!]!  owner: Owner! }
          type Line { quantity: Int!  item: Item }
          interface Owner { id: ID! }
          type Person implements Owner @key(fields: "id") { id: ID! }
          type Firm implements Owner @key(fields: "id") { id: ID! }
          type Item @key(fields: "sku") { sku: ID! }
        """,
        "items": 'type Item @key(fields: "sku") { sku: ID!  price(cents: Boolean = false): Int! }',
        "owners": """
          type Person @key(fields: "id") { id: ID!  age: Int! }
          type Firm @key(fields: "id") { id: ID!  number: String! }
        """,
        "totals": """
          type Cart @key(fields: "id") {
            id: ID!  lines: [Line!]! @external  owner: Owner! @external
            total: Int @requires(fields: "lines { quantity item { sku price(cents: true) } }")
            label: String @requires(fields: "owner { id ... on Person { age } ... on Firm { number } }")
          }
          type Line { quantity: Int! @external  item: Item @external }
          interface Owner { id: ID! }
          type Person implements Owner @key(fields: "id", resolvable: false) { id: ID!  age: Int! @external }
          type Firm implements Owner @key(fields: "id", resolvable: false) { id: ID!  number: String! @external }
          type Item @key(fields: "sku") { sku: ID!  price(cents: Boolean): Int! @external }
        """,
    },
    World(
        records={
            "Cart": {
                "c1": {"id": "c1", "lines": [Ref("Line", "1"), Ref("Line", "2")], "owner": Ref("Person", "p")},
                "c2": {"id": "c2", "lines": [], "owner": Ref("Firm", "f")},
            },
            "Line": {"1": {"quantity": 2, "item": Ref("Item", "x")}, "2": {"quantity": 1, "item": None}},
            "Item": {"x": {"sku": "x", "_cents": 250}},
            "Person": {"p": {"id": "p", "age": 33}},
            "Firm": {"f": {"id": "f", "number": "N9"}},
        },
        computed={
            "Query.carts": _refs("Cart:c1", "Cart:c2"),
            "Item.price": lambda o, cents=False: o("_cents") if cents else o("_cents") // 100,
            "Cart.total": lambda o: sum(
                line["quantity"] * line["item"].get("price", 250) for line in o("lines") if line["item"]
            ),
            "Cart.label": lambda o: f"{o('owner')['id']}-{o('owner').get('age') or o('owner').get('number')}",
        },
    ),
)
"""Requires through lists, with arguments below, and through an interface with fragments."""

ZOOS: dict[str, Zoo] = {name.lower(): value for name, value in list(globals().items()) if isinstance(value, Zoo)}
