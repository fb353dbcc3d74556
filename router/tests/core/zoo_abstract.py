"""Interfaces, unions and interface objects."""

from __future__ import annotations

from router.tests.core.world import Ref, World, Zoo
from router.tests.core.zoo_roots import all_of, by, one


def _item(world: World, **arguments: str) -> Ref | None:
    wanted = arguments["id"]
    return next((Ref(name, wanted) for name in ("Book", "Toy") if wanted in world.records[name]), None)


INTERFACES = Zoo(
    {
        "catalog": """
          type Query { items: [Item!]!  item(id: ID!): Item  named: [Named!]! }
          interface Named { name: String }
          interface Item implements Named { id: ID!  name: String  maker: Maker }
          type Book implements Item & Named @key(fields: "id") {
            id: ID!  name: String  maker: Maker  pages: Int
          }
          type Toy implements Item & Named @key(fields: "id") { id: ID!  name: String  maker: Maker  age: Int }
          type Gift implements Named { name: String  wraps: Item }
          type Maker @key(fields: "id") { id: ID! }
        """,
        "prices": """
          interface Priced { price: Int }
          type Book implements Priced @key(fields: "id") { id: ID!  price: Int }
          type Toy implements Priced @key(fields: "id") { id: ID!  price: Int  cheap: Boolean }
          type Query { priced: [Priced]! }
        """,
        "makers": """
          type Maker @key(fields: "id") { id: ID!  title: String!  best: Best }
          union Best = Book | Toy
          type Book @key(fields: "id") { id: ID! }
          type Toy @key(fields: "id") { id: ID! }
        """,
    },
    World(
        records={
            "Book": {
                "b1": {"id": "b1", "name": "Grande Sertão", "maker": Ref("Maker", "m1"), "pages": 600, "price": 50},
                "b2": {"id": "b2", "name": None, "maker": None, "pages": None, "price": None},
            },
            "Toy": {
                "t1": {"id": "t1", "name": "Pião", "maker": Ref("Maker", "m2"), "age": 5, "price": 9, "cheap": True}
            },
            "Gift": {"g1": {"name": "Surprise", "wraps": Ref("Toy", "t1")}},
            "Maker": {
                "m1": {"id": "m1", "title": "JO", "best": Ref("Book", "b1")},
                "m2": {"id": "m2", "title": "Estrela", "best": Ref("Toy", "t1")},
            },
        },
        computed={
            "Query.items": lambda _w: [Ref("Book", "b1"), Ref("Toy", "t1"), Ref("Book", "b2")],
            "Query.item": _item,
            "Query.named": lambda _w: [Ref("Gift", "g1"), Ref("Book", "b1")],
            "Query.priced": lambda _w: [Ref("Toy", "t1"), None, Ref("Book", "b1")],
        },
    ),
)
"""Interfaces of one subgraph whose implementations have fields, and other interfaces, elsewhere."""

UNIONS = Zoo(
    {
        "a": """
          type Query { hits: [Hit!]!  one: Hit @shareable }
          union Hit = Song | Album
          type Song @key(fields: "id") { id: ID!  title: String }
          type Album @key(fields: "id") { id: ID!  tracks: Int }
        """,
        "b": """
          type Query { found: [Hit!]!  one: Hit @shareable }
          union Hit = Song | Artist
          type Song @key(fields: "id") { id: ID!  plays: Int }
          type Artist @key(fields: "id") { id: ID!  stage: String  top: Hit }
        """,
    },
    World(
        records={
            "Song": {
                "s1": {"id": "s1", "title": "Garota", "plays": 9},
                "s2": {"id": "s2", "title": "Sabiá", "plays": None},
            },
            "Album": {"l1": {"id": "l1", "tracks": 12}},
            "Artist": {"x1": {"id": "x1", "stage": "Tom", "top": Ref("Song", "s2")}},
        },
        computed={
            "Query.hits": lambda _w: [Ref("Song", "s1"), Ref("Album", "l1")],
            "Query.found": lambda _w: [Ref("Artist", "x1"), Ref("Song", "s1")],
            "Query.one": one("Song", "s2"),
        },
    ),
)
"""A union whose members differ per subgraph."""

INTERFACE_OBJECT = Zoo(
    {
        "media": """
          type Query { media: [Media!]!  books: [Book!]! }
          interface Media @key(fields: "id") { id: ID!  title: String }
          type Book implements Media @key(fields: "id") { id: ID!  title: String  pages: Int }
          type Movie implements Media @key(fields: "id") { id: ID!  title: String  minutes: Int }
        """,
        "ratings": """
          type Query { topRated: [Media!]! }
          type Media @interfaceObject @key(fields: "id") { id: ID!  stars: Int  raters: [Rater!] }
          type Rater @key(fields: "id") { id: ID!  favourite: Media }
        """,
        "views": """
          type Media @interfaceObject @key(fields: "id") {
            id: ID!  views: Int  title: String @external  banner: String @requires(fields: "title")
          }
          type Rater @key(fields: "id") { id: ID!  nick: String }
        """,
    },
    World(
        records={
            "Book": {
                "b1": {
                    "id": "b1",
                    "title": "Vidas Secas",
                    "pages": 176,
                    "stars": 5,
                    "views": 10,
                    "raters": [Ref("Rater", "r1")],
                }
            },
            "Movie": {
                "m1": {"id": "m1", "title": "Central", "minutes": 110, "stars": 4, "views": None, "raters": None}
            },
            "Rater": {"r1": {"id": "r1", "nick": "ana", "favourite": Ref("Movie", "m1")}},
        },
        computed={
            "Query.media": lambda _w: [Ref("Book", "b1"), Ref("Movie", "m1")],
            "Query.books": all_of("Book"),
            "Query.topRated": lambda _w: [Ref("Movie", "m1"), Ref("Book", "b1")],
            **{f"{one}.banner": lambda o: f"*{o('title')}*" for one in ("Book", "Movie")},
        },
        abstract={"Media": ["Book", "Movie"]},
    ),
)
"""Subgraphs that add fields to an interface without knowing its implementations."""

MISMATCH = Zoo(
    {
        "a": """
          type Query { accounts: [Account!]! }
          union Account = User | Admin
          type User @key(fields: "id") {
            id: ID!  name: String! @shareable  tags: [String!]! @shareable  best: Account @shareable
          }
          type Admin { id: ID!  name: String  tags: [String]  best: Account }
        """,
        "b": """
          type User @key(fields: "id") {
            id: ID!  name: String @shareable  tags: [String] @shareable  best: Account @shareable  score: Int
          }
          union Account = User
        """,
    },
    World(
        records={
            "User": {"u": {"id": "u", "name": "U", "tags": ["x"], "score": 3, "best": Ref("User", "u")}},
            "Admin": {"a": {"id": "a", "name": None, "tags": [None, "y"], "best": Ref("User", "u")}},
        },
        computed={"Query.accounts": lambda _w: [Ref("User", "u"), Ref("Admin", "a")]},
    ),
)
"""Members of a union whose fields have one name and different types."""

CYCLE = Zoo(
    {
        "people": """
          type Query { person(id: ID!): Person }
          interface Being { id: ID!  friends: [Being!] }
          type Person implements Being @key(fields: "id") { id: ID!  friends: [Being!]  name: String }
          type Robot implements Being @key(fields: "id") { id: ID!  friends: [Being!]  model: String }
        """,
        "moods": """
          type Person @key(fields: "id") { id: ID!  mood: String  boss: Person }
          type Robot @key(fields: "id") { id: ID!  charge: Int }
        """,
    },
    World(
        records={
            "Person": {
                "p1": {
                    "id": "p1",
                    "name": "Ana",
                    "mood": "ok",
                    "boss": Ref("Person", "p2"),
                    "friends": [Ref("Robot", "r1"), Ref("Person", "p2")],
                },
                "p2": {"id": "p2", "name": "Rui", "mood": None, "boss": None, "friends": [Ref("Person", "p1")]},
            },
            "Robot": {"r1": {"id": "r1", "model": "R2", "charge": 80, "friends": [Ref("Person", "p1")]}},
        },
        computed={"Query.person": by("Person")},
    ),
)
"""References in circles through an interface."""


ZOOS: dict[str, Zoo] = {name.lower(): value for name, value in list(globals().items()) if isinstance(value, Zoo)}
