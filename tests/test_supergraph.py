"""The whole supergraph through its router, as clients use it and as they abuse it."""

from __future__ import annotations

import base64
import json
import time
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reservei.demo_accounts import DEMO_ACCOUNTS
from tests.conftest import Supergraph

pytestmark = [pytest.mark.system]

NASTY = [
    "'; DROP TABLE hotels; --",
    "<script>alert(1)</script>",
    "🏝️🇧🇷 praia",
    "مرحبا بالعالم",
    "\u202e gnitrevni",
    "%_\\",
    "a" * 5000,
]
TRAVELER, MANAGER, SUPPORT, ADMIN = DEMO_ACCOUNTS


def stay(first: int = 20, nights: int = 2, guests: int = 2) -> dict[str, Any]:
    check_in = date.today() + timedelta(days=first)  # noqa: DTZ011  # hotels judge by their own zone; 20 days are ample
    return {
        "checkInDate": check_in.isoformat(),
        "checkOutDate": (check_in + timedelta(days=nights)).isoformat(),
        "guests": guests,
    }


def codes(body: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in body["errors"]]


def test_one_query_crosses_hotels_and_users(supergraph: Supergraph) -> None:
    data = supergraph.data(
        "{ hotels(sort: RATING, first: 20) { edges { node { name reviews(first: 3) {"
        " edges { node { rating author { id displayName memberSince } } } } } } } }"
    )
    hotels = [edge["node"] for edge in data["hotels"]["edges"]]
    authors = [
        edge["node"]["author"] for hotel in hotels for edge in hotel["reviews"]["edges"] if edge["node"]["author"]
    ]
    assert len(hotels) == 20
    assert authors
    assert all(author["displayName"] and author["memberSince"].endswith("Z") for author in authors)


def test_a_search_for_a_stay_gives_offers_that_add_up(supergraph: Supergraph) -> None:
    data = supergraph.data(
        "query($stay: StayInput!) { hotels(filter: {stay: $stay}, sort: PRICE, first: 10) { edges { node {"
        " lowestPrice(stay: $stay) { amount } availability(stay: $stay) { roomsLeft total { amount currency }"
        " nights { nightDate price { amount } } } } } } }",
        {"stay": stay(nights=3)},
    )
    hotels = [edge["node"] for edge in data["hotels"]["edges"]]
    assert hotels
    prices = [float(hotel["lowestPrice"]["amount"]) for hotel in hotels]
    assert prices == sorted(prices)
    for hotel in hotels:
        totals = [float(offer["total"]["amount"]) for offer in hotel["availability"]]
        assert min(totals) == float(hotel["lowestPrice"]["amount"])
        for offer in hotel["availability"]:
            assert len(offer["nights"]) == 3
            assert offer["roomsLeft"] >= 1
            nightly = sum(float(night["price"]["amount"]) for night in offer["nights"])
            assert nightly == pytest.approx(float(offer["total"]["amount"]))


def test_every_page_of_a_search_together_is_the_whole_list(supergraph: Supergraph) -> None:
    query = (
        "query($after: String) { hotels(sort: NAME, first: 7, after: $after) {"
        " edges { node { id } } pageInfo { hasNextPage endCursor } } }"
    )
    seen: list[str] = []
    after: str | None = None
    while True:
        page = supergraph.data(query, {"after": after})["hotels"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == len(set(seen)) >= 40


def test_a_destination_is_found_without_accents_and_with_a_typing_error(supergraph: Supergraph) -> None:
    query = "query($typed: String!) { destinations(query: $typed, first: 5) { name(locale: PT_BR) } }"
    known = {d["name"] for d in supergraph.data("{ destinations(first: 50) { name(locale: PT_BR) } }")["destinations"]}
    assert "Brasília" in known
    for typed in ("brasi", "Brasília", "BRAZILIA"):
        found = [d["name"] for d in supergraph.data(query, {"typed": typed})["destinations"]]
        assert "Brasília" in found, typed


def test_signing_in_shows_me_and_hides_others(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    me = supergraph.data("{ me { id email roles } }", token=token)["me"]
    assert me["email"] == TRAVELER.email
    manager = supergraph.data("{ me { id } }", token=supergraph.sign_in(MANAGER.email, MANAGER.password))["me"]
    body = supergraph.post(
        "query($id: ID!) { user(id: $id) { displayName email } }", {"id": manager["id"]}, token=token
    )
    answer = body.json()
    assert answer["data"]["user"] == {"displayName": MANAGER.display_name, "email": None}
    assert codes(answer) == ["FORBIDDEN"]
    assert answer["errors"][0]["path"] == ["user", "email"]


def test_a_manager_changes_their_own_hotel_and_nobody_elses(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(MANAGER.email, MANAGER.password)
    data = supergraph.data("{ me { managedHotels(first: 50) { edges { node { id } } } } }", token=token)
    own = [edge["node"]["id"] for edge in data["me"]["managedHotels"]["edges"]]
    assert own
    every = supergraph.data("{ hotels(first: 50, sort: NAME) { edges { node { id name } } } }")["hotels"]["edges"]
    name_of = {edge["node"]["id"]: edge["node"]["name"] for edge in every}
    foreign = next(hotel for hotel in name_of if hotel not in own)
    mutation = (
        "mutation($input: UpdateHotelInput!) { updateHotel(input: $input) { __typename ... on Hotel { id name }"
        " ... on Problem { message } } }"
    )
    new_name = f"Pousada do Teste {uuid4().hex[:6]}"
    changed = supergraph.data(mutation, {"input": {"hotelId": own[0], "name": new_name}}, token=token)
    assert changed["updateHotel"] == {"__typename": "Hotel", "id": own[0], "name": new_name}
    for caller in (token, supergraph.sign_in(TRAVELER.email, TRAVELER.password), None):
        answer = supergraph.post(mutation, {"input": {"hotelId": foreign, "name": "Taken"}}, token=caller).json()
        assert codes(answer) == ["FORBIDDEN" if caller else "UNAUTHENTICATED"]
        now = supergraph.data("query($id: ID!) { hotel(id: $id) { name } }", {"id": foreign})
        assert now["hotel"]["name"] == name_of[foreign]


def test_a_new_user_signs_up_by_mail_and_reviews_a_hotel(supergraph: Supergraph) -> None:
    email = f"novo-{uuid4().hex[:8]}@example.com"
    sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename ... on Problem { message } } }"
    answer = {"email": email, "password": "mar-azul-e-vento", "displayName": "Joana 🏝️"}
    assert supergraph.data(sign_up, {"input": answer})["signUp"]["__typename"] == "SignUpAccepted"
    # Of a known address the answer tells nothing.
    again = supergraph.data(sign_up, {"input": {**answer, "email": TRAVELER.email}})
    assert again["signUp"]["__typename"] == "SignUpAccepted"
    token_in_mail = _wait_for_token(supergraph, email)
    verified = supergraph.data(
        "mutation($token: String!) { verifyEmail(input: {token: $token}) { __typename } }", {"token": token_in_mail}
    )
    assert verified["verifyEmail"]["__typename"] == "EmailVerified"
    token = supergraph.sign_in(email, "mar-azul-e-vento")
    hotel = supergraph.data("{ hotels(first: 1, sort: NAME) { edges { node { id } } } }")["hotels"]["edges"][0]["node"]
    review = (
        "mutation($input: AddReviewInput!) { addReview(input: $input) { __typename ... on Review { body"
        " author { displayName } } ... on Problem { message } } }"
    )
    given = {"hotelId": hotel["id"], "rating": 9, "title": "Ótimo", "body": "<b>Voltarei!</b> مرحبا 🏖️"}
    assert supergraph.data(review, {"input": given}, token=token)["addReview"] == {
        "__typename": "Review",
        "body": given["body"],
        "author": {"displayName": "Joana 🏝️"},
    }
    # The same review again is the same review; another one is refused.
    assert supergraph.data(review, {"input": given}, token=token)["addReview"]["__typename"] == "Review"
    second = supergraph.data(review, {"input": {**given, "rating": 2}}, token=token)["addReview"]
    assert second["__typename"] == "AlreadyReviewed"


def _wait_for_token(supergraph: Supergraph, email: str) -> str:
    """The token in the verification mail, which the relay writes to the mail folder after the commit."""
    import email as mail_parser
    import re
    from email import policy

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for path in (supergraph.data_dir / "mail").glob("*.eml"):
            message = mail_parser.message_from_bytes(path.read_bytes(), policy=policy.default)
            if message["To"] == email:
                body = message.get_body()
                assert body is not None
                found = re.search(r"token=([\w-]+)", body.get_content())
                assert found, body.get_content()
                return found[1]
        time.sleep(0.05)
    pytest.fail(f"no mail to {email} arrived")


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ hotels { nothing } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ hotels(", {}, "GRAPHQL_PARSE_FAILED"),
        ("query($first: Int) { hotels(first: $first) { totalCount } }", {"first": "ten"}, "BAD_USER_INPUT"),
        ("query($s: HotelSort!) { hotels(sort: $s) { totalCount } }", {"s": "CHEAPEST"}, "BAD_USER_INPUT"),
        ('{ hotels(after: "nonsense") { totalCount edges { cursor } } }', {}, "BAD_USER_INPUT"),
        ("{ hotels(first: 0) { edges { cursor } } }", {}, "BAD_USER_INPUT"),
        ("{ hotels(first: 101) { edges { cursor } } }", {}, "BAD_USER_INPUT"),
        ('{ hotel(id: "not-an-id") { name } }', {}, "BAD_USER_INPUT"),
        ("{" + " ".join(f"a{n}: __typename" for n in range(10_000)) + "}", {}, None),
        ("{ hotels { edges " + "{ node { reviews { edges " * 50 + "{ cursor }" + " } } }" * 50 + " } }", {}, None),
    ],
)
def test_a_bad_operation_is_answered_with_a_code(
    supergraph: Supergraph, query: str, variables: dict[str, Any], code: str | None
) -> None:
    response = supergraph.post(query, variables)
    body = response.json()
    assert response.status_code < 500
    if code is not None:
        assert codes(body) == [code]
    assert body.get("data") in (None, {"hotel": None}) or body["data"] is None
    assert "Traceback" not in response.text
    assert supergraph.data("{ __typename }") == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (stay(first=20, nights=-2), "checkOutDate"),
        (stay(first=20, nights=0), "checkOutDate"),
        (stay(first=20, nights=31), "checkOutDate"),
        (stay(first=-40, nights=2), "checkInDate"),
        (stay(first=20, nights=2, guests=0), "guests"),
        ({**stay(), "rooms": 0}, "rooms"),
    ],
)
def test_a_stay_that_cannot_be_is_refused_by_the_field(
    supergraph: Supergraph, wrong: dict[str, Any], field: str
) -> None:
    body = supergraph.post(
        "query($stay: StayInput!) { hotels(filter: {stay: $stay}) { edges { node { id } } } }", {"stay": wrong}
    ).json()
    assert codes(body) == ["BAD_USER_INPUT"]
    assert field in body["errors"][0]["extensions"]["field"]


def test_an_unknown_hotel_is_null(supergraph: Supergraph) -> None:
    assert supergraph.data("query($id: ID!) { hotel(id: $id) { name } }", {"id": str(uuid4())}) == {"hotel": None}


@pytest.mark.parametrize("text", NASTY)
def test_whatever_people_type_is_only_text(supergraph: Supergraph, text: str) -> None:
    for query in (
        "query($t: String!) { hotels(filter: {query: $t}, first: 1) { edges { node { id } } } }",
        "query($t: String!) { destinations(query: $t) { id } }",
        "query($t: String!) { hotel(slug: $t) { id } }",
    ):
        body = supergraph.post(query, {"t": text}).json()
        assert "errors" not in body or set(codes(body)) == {"BAD_USER_INPUT"}, body
    assert len(supergraph.data("{ hotels(first: 5) { edges { cursor } } }")["hotels"]["edges"]) == 5


def test_a_body_of_two_megabytes_is_refused(supergraph: Supergraph) -> None:
    response = supergraph.client.post(
        "/graphql", content=b'{"query": "' + b" " * 2_000_000 + b'"}', headers={"content-type": "application/json"}
    )
    assert response.status_code == 413
    assert "errors" in response.json()


def test_tokens_that_are_not_ours_are_refused(supergraph: Supergraph) -> None:
    good = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    claims = jwt.decode(good, options={"verify_signature": False})
    header = jwt.get_unverified_header(good)
    foreign_key = Ed25519PrivateKey.generate()

    def signed(**changes: Any) -> str:
        return jwt.encode({**claims, **changes}, foreign_key, algorithm="EdDSA", headers={"kid": header["kid"]})

    def encoded(part: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")

    tokens = {
        "signed by a foreign key": signed(),
        "expired": signed(exp=1),
        "for another audience": signed(aud="elsewhere"),
        "alg none": f"{encoded({**header, 'alg': 'none'})}.{encoded({**claims, 'roles': ['ADMIN']})}.",
        "claims changed": ".".join([good.split(".")[0], encoded({**claims, "roles": ["ADMIN"]}), good.split(".")[2]]),
        "garbage": "x.y.z",
    }
    for what, token in tokens.items():
        response = supergraph.post("{ me { id } }", token=token)
        assert codes(response.json()) == ["UNAUTHENTICATED"], what
        assert response.json().get("data") is None, what
    assert supergraph.post("{ me { id } }", token=good).status_code == 200


def test_operators_find_health_readiness_and_metrics(supergraph: Supergraph) -> None:
    assert supergraph.client.get("/health").status_code == 200
    assert supergraph.client.get("/ready").status_code == 200
    assert "http_request_duration_seconds" in supergraph.client.get("/metrics").text
    jwks = supergraph.client.get(supergraph.environment["RESERVEI_JWKS_URL"]).json()
    assert all(key["kty"] == "OKP" and "d" not in key for key in jwks["keys"])
    assert jwks["keys"]


def test_the_log_tells_no_secrets(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    supergraph.data("{ me { email } }", token=token)
    logs = "".join(
        path.read_text(encoding="utf-8", errors="replace") for path in (supergraph.data_dir / "logs").glob("*.log")
    )
    assert token not in logs
    assert "Traceback" not in logs
