"""Keys, requires, provides and shared types."""

from __future__ import annotations

from router.tests.core.world import Ref, World, Zoo
from router.tests.core.zoo_roots import all_of, by, one

SHOP = Zoo(
    {
        "products": """
          type Query { topProducts(first: Int = 5): [Product!]!  product(upc: ID!): Product }
          type Product @key(fields: "upc") {
            upc: ID!  name: String!  price(currency: String = "BRL"): Int!  weight: Int  similar: [Product!]
          }
        """,
        "accounts": """
          type Query { me: User  users(ids: [ID!]!): [User]! }
          type User @key(fields: "id") @key(fields: "email") { id: ID!  email: String!  name: String }
        """,
        "reviews": """
          type Product @key(fields: "upc") { upc: ID!  reviews(first: Int): [Review!]! }
          type User @key(fields: "id") { id: ID!  reviews: [Review!]!  name: String @external }
          type Review @key(fields: "id") { id: ID!  body: String  stars: Int!  author: User  product: Product! }
          type Query { latest: [Review!]!  authored: [Authored!]! }
          type Authored { note: String  by: User @provides(fields: "name") }
        """,
        "inventory": """
          type Product @key(fields: "upc") {
            upc: ID!  inStock: Boolean  weight: Int @external  price(currency: String): Int! @external
            shipping: Int @requires(fields: "weight")
            tax: Int @requires(fields: "price(currency: \\"USD\\")")
            duty: Int @requires(fields: "price(currency: \\"EUR\\")")
          }
        """,
    },
    World(
        records={
            "Product": {
                "1": {
                    "upc": "1",
                    "name": "Lamp",
                    "weight": 10,
                    "inStock": True,
                    "_base": 100,
                    "reviews": [Ref("Review", "r1"), Ref("Review", "r2")],
                    "similar": [Ref("Product", "2")],
                },
                "2": {
                    "upc": "2",
                    "name": "Chair",
                    "weight": None,
                    "inStock": False,
                    "_base": 200,
                    "reviews": [Ref("Review", "r3")],
                    "similar": [Ref("Product", "1"), Ref("Product", "3")],
                },
                "3": {
                    "upc": "3",
                    "name": "Desk",
                    "weight": 30,
                    "inStock": None,
                    "_base": 300,
                    "reviews": [],
                    "similar": None,
                },
            },
            "User": {
                "u1": {"id": "u1", "email": "ana@x", "name": "Ana", "reviews": [Ref("Review", "r1")]},
                "u2": {
                    "id": "u2",
                    "email": "rui@x",
                    "name": None,
                    "reviews": [Ref("Review", "r2"), Ref("Review", "r3")],
                },
            },
            "Review": {
                "r1": {
                    "id": "r1",
                    "body": "ok",
                    "stars": 4,
                    "author": Ref("User", "u1"),
                    "product": Ref("Product", "1"),
                },
                "r2": {
                    "id": "r2",
                    "body": None,
                    "stars": 2,
                    "author": Ref("User", "u2"),
                    "product": Ref("Product", "1"),
                },
                "r3": {"id": "r3", "body": "né 🙂", "stars": 5, "author": None, "product": Ref("Product", "2")},
            },
            "Authored": {"a1": {"note": "n", "by": Ref("User", "u1")}, "a2": {"note": None, "by": None}},
        },
        computed={
            "Query.topProducts": lambda world, first: [Ref("Product", one) for one in world.records["Product"]][:first],
            "Query.product": by("Product", "upc"),
            "Query.me": one("User", "u1"),
            "Query.users": lambda world, ids: [
                Ref("User", one) if one in world.records["User"] else None for one in ids
            ],
            "Query.latest": all_of("Review"),
            "Query.authored": all_of("Authored"),
            "Product.price": lambda o, currency="BRL": o("_base") * {"BRL": 5, "USD": 1, "EUR": 2}[currency],
            "Product.shipping": lambda o: None if o("weight") is None else o("weight") * 2,
            "Product.tax": lambda o: o("price", currency="USD") // 10,
            "Product.duty": lambda o: o("price", currency="EUR") + 1,
        },
    ),
)
"""The classic: entities over four subgraphs, several keys, requires with and without arguments, provides."""

KEYS = Zoo(
    {
        "a": """
          type Query { things: [Thing!]!  orgs: [Org] }
          type Thing @key(fields: "a") { a: ID!  fromA: String }
          type Org @key(fields: "id") { id: ID! }
        """,
        "b": """
          type Thing @key(fields: "a") @key(fields: "b { x y }") { a: ID!  b: Code!  fromB: String }
          type Code @shareable { x: Int!  y: Int! }
        """,
        "c": """
          type Thing @key(fields: "b { x y }") @key(fields: "org { id } number") {
            b: Code!  org: Org!  number: Int!  fromC: String
          }
          type Code @shareable { x: Int!  y: Int! }
          type Org @key(fields: "id") { id: ID! }
        """,
        "d": """
          type Thing @key(fields: "org { id } number") { org: Org!  number: Int!  fromD: String }
          type Org @key(fields: "id") { id: ID!  title: String }
        """,
    },
    World(
        records={
            "Thing": {
                "t1": {
                    "a": "1",
                    "b": Ref("Code", "c1"),
                    "org": Ref("Org", "o1"),
                    "number": 1,
                    "fromA": "A1",
                    "fromB": "B1",
                    "fromC": "C1",
                    "fromD": "D1",
                },
                "t2": {
                    "a": "2",
                    "b": Ref("Code", "c2"),
                    "org": Ref("Org", "o2"),
                    "number": 2,
                    "fromA": "A2",
                    "fromB": "B2",
                    "fromC": None,
                    "fromD": "D2",
                },
            },
            "Code": {"c1": {"x": 1, "y": 2}, "c2": {"x": 3, "y": 4}},
            "Org": {"o1": {"id": "o1", "title": "One"}, "o2": {"id": "o2", "title": None}},
        },
        computed={"Query.things": all_of("Thing"), "Query.orgs": lambda _w: [Ref("Org", "o2"), None, Ref("Org", "o1")]},
    ),
)
"""Compound and nested keys, and a path of three keys from the first subgraph to the last."""

GATHERED = Zoo(
    {
        "start": 'type Query { items: [Item!]! } type Item @key(fields: "id") { id: ID! }',
        "left": 'type Item @key(fields: "id") { id: ID!  l: Int! @shareable }',
        "right": 'type Item @key(fields: "id") { id: ID!  r: Int! @shareable }',
        "end": 'type Item @key(fields: "l r") { l: Int! @shareable  r: Int! @shareable  result: String }',
    },
    World(
        records={
            "Item": {
                "i1": {"id": "i1", "l": 1, "r": 2, "result": "1-2"},
                "i2": {"id": "i2", "l": 3, "r": 4, "result": "3-4"},
            }
        },
        computed={"Query.items": all_of("Item")},
    ),
)
"""A compound key whose parts come from two subgraphs."""

CHAIN = Zoo(
    {
        "base": """
          type Query { parts: [Part!]! }
          type Part @key(fields: "id") { id: ID!  size: Int! }
        """,
        "one": """
          type Part @key(fields: "id") { id: ID!  size: Int! @external  area: Int! @requires(fields: "size") }
        """,
        "two": """
          type Part @key(fields: "id") {
            id: ID!  area: Int! @external  cost: Int! @requires(fields: "area")  plain: String
          }
        """,
        "three": """
          type Part @key(fields: "id") {
            id: ID!  cost: Int! @external  area: Int! @external
            label: String @requires(fields: "cost area")
          }
        """,
        "four": """
          type Part @key(fields: "id") { id: ID!  label: String @external  shout: String @requires(fields: "label") }
        """,
    },
    World(
        records={"Part": {"p1": {"id": "p1", "size": 2, "plain": "x"}, "p2": {"id": "p2", "size": 3, "plain": "y"}}},
        computed={
            "Query.parts": all_of("Part"),
            "Part.area": lambda o: o("size") ** 2,
            "Part.cost": lambda o: o("area") + 1,
            "Part.label": lambda o: f"{o('cost')}/{o('area')}",
            "Part.shout": lambda o: o("label").upper() + "!",
        },
    ),
)
"""A chain of requires over five subgraphs."""

NESTED_REQUIRES = Zoo(
    {
        "catalog": """
          type Query { books: [Book!]! }
          type Book @key(fields: "id") { id: ID!  author: Author  media: [Media!] }
          type Author @key(fields: "id") { id: ID! }
          union Media = Photo | Film
          type Photo { width: Int  owner: Author }
          type Film { seconds: Int }
        """,
        "people": """
          type Author @key(fields: "id") { id: ID!  name: String!  born: Int }
        """,
        "labels": """
          type Book @key(fields: "id") {
            id: ID!
            author: Author @external
            media: [Media!] @external
            spine: String @requires(fields: "author { name born }")
            weight: Int @requires(fields: "media { ... on Photo { width } ... on Film { seconds } }")
          }
          type Author @key(fields: "id") { id: ID!  name: String! @external  born: Int @external }
          union Media = Photo | Film
          type Photo { width: Int @external }
          type Film { seconds: Int @external }
        """,
    },
    World(
        records={
            "Book": {
                "b1": {"id": "b1", "author": Ref("Author", "a1"), "media": [Ref("Photo", "p1"), Ref("Film", "f1")]},
                "b2": {"id": "b2", "author": None, "media": None},
                "b3": {"id": "b3", "author": Ref("Author", "a2"), "media": []},
            },
            "Author": {
                "a1": {"id": "a1", "name": "Clarice", "born": 1920},
                "a2": {"id": "a2", "name": "Machado", "born": None},
            },
            "Photo": {"p1": {"width": 7, "owner": Ref("Author", "a2")}},
            "Film": {"f1": {"seconds": 11}},
        },
        computed={
            "Query.books": all_of("Book"),
            "Book.spine": lambda o: f"{o('author')['name']} {o('author')['born']}" if o("author") else "anon",
            "Book.weight": lambda o: (
                None if o("media") is None else sum(one.get("width") or one.get("seconds") for one in o("media"))
            ),
        },
    ),
)
"""Requires below an object of another subgraph, and below a union with fragments."""

PROVIDES = Zoo(
    {
        "feed": """
          type Query { feed: [Post!]!  pinned: Post }
          type Post @key(fields: "id") {
            id: ID!
            author: Person @provides(fields: "name address { city }")
            editor: Person
            target: Target @provides(fields: "... on Song { title }")
          }
          type Person @key(fields: "id") { id: ID!  name: String @external  address: Address @external }
          type Address @shareable { city: String @external }
          union Target = Song | Clip
          type Song @key(fields: "id") { id: ID!  title: String @external }
          type Clip @key(fields: "id") { id: ID! }
        """,
        "people": """
          type Person @key(fields: "id") { id: ID!  name: String  address: Address  age: Int }
          type Address @shareable { city: String  zip: String }
        """,
        "music": """
          type Song @key(fields: "id") { id: ID!  title: String  length: Int }
          type Clip @key(fields: "id") { id: ID!  title: String }
        """,
    },
    World(
        records={
            "Post": {
                "1": {
                    "id": "1",
                    "author": Ref("Person", "p1"),
                    "editor": Ref("Person", "p2"),
                    "target": Ref("Song", "s1"),
                },
                "2": {"id": "2", "author": Ref("Person", "p2"), "editor": None, "target": Ref("Clip", "c1")},
            },
            "Person": {
                "p1": {"id": "p1", "name": "Ana", "address": Ref("Address", "a1"), "age": 30},
                "p2": {"id": "p2", "name": "Rui", "address": None, "age": 40},
            },
            "Address": {"a1": {"city": "Recife", "zip": "50000"}},
            "Song": {"s1": {"id": "s1", "title": "Aquarela", "length": 180}},
            "Clip": {"c1": {"id": "c1", "title": "Trailer"}},
        },
        computed={"Query.feed": all_of("Post"), "Query.pinned": one("Post", "2")},
    ),
)
"""Provides of plain, nested and union fields."""

SHARED = Zoo(
    {
        "left": """
          type Query { place: Place @shareable  points: [Point!]! @shareable }
          type Place @shareable { name: String  spot: Spot }
          type Spot @shareable { lat: Float }
          type Point @shareable { x: Int  tag: Tag }
          type Tag @shareable { left: String }
        """,
        "right": """
          type Query { place: Place @shareable  points: [Point!]! @shareable  rightOnly: Int }
          type Place @shareable { name: String  spot: Spot }
          type Spot @shareable { lng: Float }
          type Point @shareable { y: Int  tag: Tag }
          type Tag @shareable { right: String }
        """,
    },
    World(
        records={
            "Place": {"p": {"name": "Olinda", "spot": Ref("Spot", "s")}},
            "Spot": {"s": {"lat": -8.0, "lng": -34.8}},
            "Point": {"1": {"x": 1, "y": 2, "tag": Ref("Tag", "t")}, "2": {"x": 3, "y": None, "tag": None}},
            "Tag": {"t": {"left": "L", "right": "R"}},
        },
        computed={"Query.place": one("Place", "p"), "Query.points": all_of("Point"), "Query.rightOnly": lambda _w: 7},
    ),
)
"""Shareable value types, parts of which only one subgraph has: answers merge object by object."""

PARENT_CALL = Zoo(
    {
        "main": """
          type Query { accounts: [Account!]! }
          type Account @key(fields: "id") { id: ID!  profile: Profile @shareable }
          type Profile { nick: String @shareable }
        """,
        "extra": """
          type Account @key(fields: "id") { id: ID!  profile: Profile @shareable }
          type Profile { nick: String @shareable  bio: Bio }
          type Bio { text: String }
        """,
    },
    World(
        records={
            "Account": {"a": {"id": "a", "profile": Ref("Profile", "p")}, "b": {"id": "b", "profile": None}},
            "Profile": {"p": {"nick": "ana", "bio": Ref("Bio", "x")}},
            "Bio": {"x": {"text": "hi"}},
        },
        computed={"Query.accounts": all_of("Account")},
    ),
)
"""A value type without a key: what another subgraph adds to it is reached through the entity above."""


ZOOS: dict[str, Zoo] = {name.lower(): value for name, value in list(globals().items()) if isinstance(value, Zoo)}
