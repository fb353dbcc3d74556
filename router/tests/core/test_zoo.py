"""Each operation over the zoo is answered as one schema over all the data would answer it."""

from __future__ import annotations

import json

import pytest

from router.tests.core.harness import Running
from router.tests.core.zoo import ZOOS

OPERATIONS = {
    "shop": [
        "{ me { name } }",
        "{ topProducts { upc name } me { id } }",
        "{ topProducts(first: 2) { name reviews { body author { name email } } inStock } }",
        "{ topProducts { shipping } }",
        "{ topProducts { tax duty weight } }",
        '{ topProducts { price tax usd: price(currency: "USD") duty eur: price(currency: "EUR") } }',
        "{ latest { id: body body: id author { id: name name: id } product { upc: name name: upc inStock } } }",
        "{ me { reviews { product { reviews { author { reviews { stars } } } } } } }",
        '{ product(upc: "nope") { name reviews { id } } }',
        '{ users(ids: ["u2", "nope", "u1"]) { name reviews { stars } } }',
        "{ authored { note by { name } } }",
        "{ authored { by { name email reviews { id } } } }",
        "{ topProducts { similar { similar { name shipping } } } }",
        "{ a: topProducts(first: 1) { reviews(first: 1) { id } r2: reviews { id } } b: topProducts { upc inStock } }",
        "{ __typename topProducts { __typename upc t: __typename reviews { __typename } } }",
        """{ topProducts { ...P } me { ...U } }
        fragment P on Product { name ...Q }
        fragment Q on Product { inStock name }
        fragment U on User { name reviews { product { ...Q } } }""",
        "{ topProducts { ... { name } ... on Product { upc shipping } } }",
        "{ topProducts { ... on Product @include(if: true) { name } price @skip(if: true) upc @include(if: false) } }",
        "{ topProducts { reviews { author { email } } reviews { author { name } body } } }",
    ],
    "keys": [
        "{ things { fromA fromB fromC fromD } }",
        "{ things { fromD } }",
        "{ things { fromC org { title } } }",
        "{ things { b { x } org { id title } number } }",
        "{ things { b: number number: fromD fromC } }",
        "{ orgs { title } }",
    ],
    "gathered": ["{ items { result } }", "{ items { id l r result } }", "{ items { l: r r: l result } }"],
    "chain": [
        "{ parts { shout } }",
        "{ parts { label cost area size } }",
        "{ parts { plain cost } }",
        "{ parts { cost: size size: cost shout plain } }",
    ],
    "nested_requires": [
        "{ books { spine } }",
        "{ books { spine author { name } weight } }",
        "{ books { weight media { __typename ... on Photo { w: width owner { name } } } } }",
        "{ books { author { id: name born } spine } }",
    ],
    "provides": [
        "{ feed { author { name } } }",
        "{ feed { author { name address { city zip } age } editor { name address { city } } } }",
        "{ feed { target { ... on Song { title } ... on Clip { title } } } }",
        "{ pinned { author { address { city } } target { __typename ... on Song { title length } } } }",
    ],
    "shared": [
        "{ place { name } }",
        "{ place { name spot { lat lng } } }",
        "{ points { x y tag { left right } } rightOnly }",
        "{ points { y } place { spot { lng } } }",
    ],
    "parent_call": [
        "{ accounts { profile { nick bio { text } } } }",
        "{ accounts { profile { bio { text } } } }",
        "{ accounts { id profile { nick } } }",
    ],
    "override": ["{ cars { colour doors } }", "{ cars { badge } }", "{ cars { id colour maker badge } }"],
    "interfaces": [
        "{ items { name } }",
        "{ items { __typename id name ... on Book { pages price } ... on Toy { age cheap } } }",
        "{ items { maker { title } } }",
        "{ items { ... on Book { maker { title } } ... on Toy { maker { id } age } } }",
        '{ item(id: "t1") { name ... on Toy { price cheap } } other: item(id: "nope") { id } }',
        "{ named { name ... on Gift { wraps { name ... on Toy { cheap } } } ... on Item { id } } }",
        "{ items { ... on Named { name } ... on Item { maker { best { __typename ... on Toy { name cheap } } } } } }",
        "{ priced { price ... on Book { name pages } ... on Toy { x: name cheap } } }",
        "{ items { ... on Book { x: pages } ... on Toy { x: age } } }",
        "{ items { ...F ...G } } fragment F on Item { name ... on Priced { price } } fragment G on Book { pages name }",
        "{ priced { ... on Item { id maker { title } } price } }",
    ],
    "unions": [
        "{ hits { __typename ... on Song { title plays } ... on Album { tracks } ... on Artist { stage } } }",
        "{ found { ... on Song { title plays } ... on Artist { stage top { ... on Song { title } } } } }",
        "{ one { ... on Song { title plays } } }",
        "{ one { __typename ... on Artist { stage } } }",
        "{ hits { ... on Song { n: plays } ... on Album { n: tracks } } }",
    ],
    "interface_object": [
        "{ media { title stars } }",
        "{ topRated { stars } }",
        "{ topRated { id stars views } }",
        "{ topRated { __typename stars } }",
        "{ topRated { title views ... on Book { pages } ... on Movie { minutes stars } } }",
        "{ books { pages stars views banner } }",
        "{ topRated { banner raters { nick favourite { title } } } }",
        "{ media { __typename ... on Movie { views banner } } }",
        "{ topRated { raters { favourite { stars views } } } }",
    ],
    "nulls": [
        "{ boxes { label item { u fromB fromC } } }",
        "{ boxes { item { sure inner { deep { n } } } } strict { must { fromC sure } } }",
    ],
    "inaccessible": [
        "{ rows { id extra total } }",
        "{ rows { mood moods pick(by: SAD) } }",
        "{ shapes { area __typename } }",
    ],
    "orders": ["{ orders { name customer { name } position } }", '{ customer(id: "c1") { name } }'],
    "mismatch": [
        "{ accounts { ... on User { name tags } ... on Admin { name tags } } }",
        "{ accounts { ... on User { best { ... on User { name } } } ... on Admin { best { ... on User { id } } } } }",
        "{ accounts { __typename ... on User { name score } ... on Admin { name best { ... on User { score } } } } }",
    ],
    "cycle": [
        '{ person(id: "p1") { friends { friends { friends { ... on Person { mood } ... on Robot { charge } } } } } }',
        '{ person(id: "p1") { boss { boss { name } mood friends { ... on Person { boss { mood } } } } } }',
        '{ person(id: "p2") { friends { ... on Person { name friends { ... on Robot { model charge } } } } } }',
    ],
    "fed1": [
        '{ user(id: "u1") { name posts { text author { name } } greeting } }',
        "{ posts { author { name } } }",
        "{ posts { author { name country greeting } } }",
    ],
    "nodes": [
        '{ node(id: "f1") { id ... on Flight { code minutes } } other: node(id: "t1") { ... on Train { line } } }',
        "{ anything { __typename id ... on Lounge { opens } ... on Train { line next { id __typename } } } }",
        "{ trains { ... on Station { city trains { minutes next { ... on Station { city } } } } } }",
        "{ late { minutes cause { __typename ... on Flight { code } ... on Storm { wind } } ... on Train { line } } }",
        "{ anything { ... on Late { minutes cause { id } } } }",
    ],
    "provided_interface": [
        "{ full { id ... on Book { pages authors { name } } ... on Film { title } } }",
        "{ full { ... on Book { title authors { name age } } } plain { ... on Book { pages authors { name } } } }",
    ],
    "taken_over": [
        "{ jobs { poster } }",
        "{ jobs { title days poster hours } board { poster } }",
        "{ works { title } }",
        "{ works { __typename title ... on Job { days } } }",
    ],
    "intersections": [
        '{ rooms(filter: {text: "x"}) { kind rated(filter: {text: "abc", beds: 2}) } }',
        "{ rooms(sort: PRICE) { id rated(filter: {}) best } }",
        "{ echo(when: [TUE, MON]) none: echo nothing: echo(when: null) }",
    ],
    "crossed": ["{ pairs { l3 } }", "{ pairs { r2 l1 } }", "{ pairs { l1 l2 l3 r1 r2 } }"],
    "stubs": [
        "{ trips { guide { name best { guide { name } } } } }",
        "{ trips { stops { view number city { name } } } guides { name best { stops { view } } } }",
    ],
    "layers": [
        "{ house { floor { number area room { name light { watts colour } guests { name } } } } }",
        "{ street { floor { area room { light { colour } guests { id name } } } } }",
        "{ house { floor { room { light { watts } } } } }",
    ],
    "required_lists": [
        "{ carts { total } }",
        "{ carts { label owner { __typename id } } }",
        "{ carts { total lines { item { price } } label } }",
    ],
}

CASES = [
    pytest.param(name, query, id=f"{name}-{n}") for name, ones in OPERATIONS.items() for n, query in enumerate(ones)
]


def test_the_zoo_is_complete() -> None:
    assert OPERATIONS.keys() == ZOOS.keys()


@pytest.mark.parametrize(("name", "query"), CASES)
async def test_answers_like_one_schema(name: str, query: str) -> None:
    running = Running(ZOOS[name])

    answer = await running.execute(query)

    assert json.dumps(answer, indent=1) == json.dumps(running.monolith(query), indent=1)
