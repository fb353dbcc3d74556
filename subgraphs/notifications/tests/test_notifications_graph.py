"""The API: one's own notifications and choices, nobody else's; the log for our staff."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.auth import Principal, Role
from shared.testing import SubgraphClient, make_principal
from shared.testing.plugin import count_queries
from subgraphs.notifications.app import subgraph
from subgraphs.notifications.channels.port import Refused
from subgraphs.notifications.tests.world import World

LIST = """... on User { unreadCount notifications(first: %d%s) {
    edges { node { id sequence kind title body code path isRead readAt booking { id } } cursor }
    pageInfo { hasNextPage endCursor } } }"""
PREFERENCES = """... on User { notificationPreferences {
    preferences { kind channel isEnabled isLocked } quietHours { startsAt endsAt } timeZone hasDailyDigest phoneNumber
    pushSubscriptions { id label service } } }"""
UPDATE = """mutation($input: UpdateNotificationPreferencesInput!) { updateNotificationPreferences(input: $input) {
    __typename ... on NotificationPreferences { quietHours { startsAt endsAt } hasDailyDigest phoneNumber
    preferences { kind channel isEnabled } } ... on Problem { message } ... on InvalidInput { field }
    ... on PreferenceLocked { kind channel } } }"""
REGISTER = """mutation($input: RegisterPushSubscriptionInput!) { registerPushSubscription(input: $input) {
    __typename ... on PushSubscription { id label service } ... on InvalidInput { field message } } }"""
DELETE = "mutation($id: ID!) { deletePushSubscription(id: $id) { __typename ... on PushSubscriptionDeleted { id } } }"
READ = """mutation($ids: [ID!]!) { markNotificationsRead(ids: $ids) { __typename ... on NotificationsRead {
    notifications { id isRead } user { unreadCount } } ... on InvalidInput { field } } }"""
READ_ALL = """mutation($upTo: Int) { markAllNotificationsRead(upTo: $upTo) { ... on NotificationsRead {
    markedCount user { unreadCount } } } }"""
DELIVERIES = """query($states: [DeliveryState!], $user: ID) { deliveries(states: $states, userId: $user) { edges {
    node { id userId kind channel state reason nextAttemptAt attempts { number provider outcome detail } } } } }"""
RETRY = "mutation($id: ID!) { retryDelivery(id: $id) { __typename ... on Delivery { state } } }"
BROWSER = {
    "endpoint": "https://fcm.googleapis.com/fcm/send/abc",
    "keys": {
        # The example of RFC 8291, section 5.
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
    "label": "Laptop",
}


async def _user(client: SubgraphClient, selection: str, user_id: UUID, as_: Principal | None) -> Any:
    response = await client.entities(selection, [{"__typename": "User", "id": str(user_id)}], as_=as_)
    return response["data"]["_entities"][0] if "errors" not in response else response["errors"][0]["extensions"]["code"]


async def _traveler(world: World) -> Principal:
    return make_principal(user_id=await world.traveler(locale="en"))


async def test_a_traveler_reads_their_own_notifications_page_by_page(client: SubgraphClient, world: World) -> None:
    me = await _traveler(world)
    bookings = [await world.booking("booking.confirmed", me.user_id, code=f"CODE000{number}") for number in range(3)]
    page = await _user(client, LIST % (2, ""), me.user_id, me)
    assert page["unreadCount"] == 3
    nodes = [edge["node"] for edge in page["notifications"]["edges"]]
    assert [node["path"] for node in nodes] == ["/bookings/CODE0002", "/bookings/CODE0001"]
    assert nodes[0]["title"] == "Reserva CODE0002 confirmada: Pousada do Sol"  # the language of the request
    assert nodes[0]["booking"] == {"id": str(bookings[2].booking_id)}
    assert (nodes[0]["isRead"], nodes[0]["readAt"], nodes[0]["code"]) == (False, None, None)
    assert page["notifications"]["pageInfo"]["hasNextPage"]
    cursor = page["notifications"]["pageInfo"]["endCursor"]
    page = await _user(client, LIST % (2, f', after: "{cursor}"'), me.user_id, me)
    assert [edge["node"]["path"] for edge in page["notifications"]["edges"]] == ["/bookings/CODE0000"]
    assert not page["notifications"]["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize("field", ["notifications { edges { cursor } }", "unreadCount",
                                   "notificationPreferences { timeZone }"])  # fmt: skip
async def test_nobody_sees_anothers(client: SubgraphClient, world: World, field: str) -> None:
    owner = await _traveler(world)
    await world.booking("booking.confirmed", owner.user_id)
    selection = f"... on User {{ {field} }}"
    for caller, code in (
        (make_principal(), "FORBIDDEN"), (make_principal(Role.SUPPORT), "FORBIDDEN"),
        (make_principal(Role.ADMIN), "FORBIDDEN"), (None, "UNAUTHENTICATED"),
    ):  # fmt: skip
        assert await _user(client, selection, owner.user_id, caller) == code


async def test_a_reference_to_anothers_notification_leads_nowhere(client: SubgraphClient, world: World) -> None:
    owner = await _traveler(world)
    await world.booking("booking.confirmed", owner.user_id)
    (row,) = await world.notifications(owner.user_id)
    references = [{"__typename": "Notification", "id": str(row.id)}, {"__typename": "Notification", "id": "none"}]
    selection = "... on Notification { kind }"
    for caller in (make_principal(), make_principal(Role.ADMIN), None):
        response = await client.entities(selection, references, as_=caller)
        assert response["data"]["_entities"] == [None, None]
    response = await client.entities(selection, references, as_=owner)
    assert response["data"]["_entities"] == [{"__typename": "Notification", "kind": "BOOKING_CONFIRMED"}, None]


async def test_many_users_cost_as_many_queries_as_one(client: SubgraphClient, world: World) -> None:
    me = await _traveler(world)
    for _ in range(5):
        await world.booking("booking.confirmed", me.user_id)
    with count_queries(subgraph.resources.database) as queries:
        await _user(client, LIST % (20, ""), me.user_id, me)
    assert len([query for query in queries if "FROM" in query]) == 2


async def test_what_is_read_is_counted_once(client: SubgraphClient, world: World) -> None:
    me, other = await _traveler(world), await _traveler(world)
    for user in (me, me, me, other):
        await world.booking("booking.confirmed", user.user_id)
    mine = [str(row.id) for row in await world.notifications(me.user_id)]
    (theirs,) = [str(row.id) for row in await world.notifications(other.user_id)]
    for _ in range(2):
        data = await client.data(READ, {"ids": [mine[0], theirs]}, as_=me)
        assert data["markNotificationsRead"] == {
            "__typename": "NotificationsRead", "notifications": [{"id": mine[0], "isRead": True}],
            "user": {"unreadCount": 2},
        }  # fmt: skip
    assert [row.read_at for row in await world.notifications(other.user_id)] == [None]
    sequence = (await world.notifications(me.user_id))[1].sequence
    data = await client.data(READ_ALL, {"upTo": sequence}, as_=me)
    assert data["markAllNotificationsRead"] == {"markedCount": 1, "user": {"unreadCount": 1}}
    data = await client.data(READ_ALL, as_=me)
    assert data["markAllNotificationsRead"] == {"markedCount": 1, "user": {"unreadCount": 0}}
    too_many = await client.data(READ, {"ids": [str(uuid4()) for _ in range(101)]}, as_=me)
    assert too_many["markNotificationsRead"] == {"__typename": "InvalidInput", "field": "ids"}


async def test_choices_are_kept_and_the_rest_stays(client: SubgraphClient, world: World) -> None:
    me = await _traveler(world)
    off = {"kind": "BOOKING_CONFIRMED", "channel": "EMAIL", "isEnabled": False}
    chosen = {"preferences": [off], "quietHours": {"startsAt": "22:00", "endsAt": "07:30"}, "hasDailyDigest": True,
              "phoneNumber": "+5521987654321"}  # fmt: skip
    for change in (chosen, {}):
        data = (await client.data(UPDATE, {"input": change}, as_=me))["updateNotificationPreferences"]
        assert off in data["preferences"]
        assert (data["quietHours"], data["hasDailyDigest"]) == ({"startsAt": "22:00", "endsAt": "07:30"}, True)
    none = {"quietHours": None, "phoneNumber": None, "hasDailyDigest": False}
    data = (await client.data(UPDATE, {"input": none}, as_=me))["updateNotificationPreferences"]
    assert (data["quietHours"], data["hasDailyDigest"], data["phoneNumber"]) == (None, False, None)
    assert off in data["preferences"]


async def test_what_cannot_be_chosen_is_said(client: SubgraphClient, world: World) -> None:
    me = await _traveler(world)
    locked = {"preferences": [{"kind": "NEW_SIGN_IN", "channel": "EMAIL", "isEnabled": False}], "hasDailyDigest": True}
    data = (await client.data(UPDATE, {"input": locked}, as_=me))["updateNotificationPreferences"]
    assert (data["__typename"], data["kind"], data["channel"]) == ("PreferenceLocked", "NEW_SIGN_IN", "EMAIL")
    shown = (await _user(client, PREFERENCES, me.user_id, me))["notificationPreferences"]
    assert not shown["hasDailyDigest"]
    assert {"kind": "NEW_SIGN_IN", "channel": "EMAIL", "isEnabled": True, "isLocked": True} in shown["preferences"]
    for bad, field in (
        ({"quietHours": {"startsAt": "25:00", "endsAt": "07:00"}}, "quietHours"),
        ({"quietHours": {"startsAt": "07:00", "endsAt": "07:00"}}, "quietHours"),
        ({"phoneNumber": "0800"}, "phoneNumber"),
    ):
        data = (await client.data(UPDATE, {"input": bad}, as_=me))["updateNotificationPreferences"]
        assert (data["__typename"], data["field"]) == ("InvalidInput", field)


async def test_a_browser_comes_and_goes(client: SubgraphClient, world: World) -> None:
    me, other = await _traveler(world), await _traveler(world)
    first = (await client.data(REGISTER, {"input": BROWSER}, as_=me))["registerPushSubscription"]
    again = (await client.data(REGISTER, {"input": BROWSER}, as_=me))["registerPushSubscription"]
    assert first == again
    assert (first["label"], first["service"]) == ("Laptop", "fcm.googleapis.com")
    shown = (await _user(client, PREFERENCES, me.user_id, me))["notificationPreferences"]
    assert [each["id"] for each in shown["pushSubscriptions"]] == [first["id"]]
    reference = [{"__typename": "PushSubscription", "id": first["id"]}]
    for caller, found in ((other, None), (me, {"__typename": "PushSubscription", "label": "Laptop"})):
        response = await client.entities("... on PushSubscription { label }", reference, as_=caller)
        assert response["data"]["_entities"] == [found]
    for caller, outcome in ((other, "PushSubscriptionNotFound"), (me, "PushSubscriptionDeleted"),
                            (me, "PushSubscriptionNotFound")):  # fmt: skip
        data = await client.data(DELETE, {"id": first["id"]}, as_=caller)
        assert data["deletePushSubscription"]["__typename"] == outcome
    bad = {**BROWSER, "endpoint": "https://intranet.example/"}
    data = (await client.data(REGISTER, {"input": bad}, as_=me))["registerPushSubscription"]
    assert (data["__typename"], data["field"]) == ("InvalidInput", "endpoint")


@pytest.mark.parametrize(
    ("mutation", "variables"),
    [
        (UPDATE, {"input": {"hasDailyDigest": True}}), (REGISTER, {"input": BROWSER}), (DELETE, {"id": str(uuid4())}),
        (READ, {"ids": []}), (READ_ALL, {}), (RETRY, {"id": str(uuid4())}), (DELIVERIES, {}),
    ],
)  # fmt: skip
async def test_strangers_can_do_nothing(
    client: SubgraphClient, world: World, mutation: str, variables: dict[str, Any]
) -> None:
    response = await client.execute(mutation, variables)
    assert [error["extensions"]["code"] for error in response["errors"]] == ["UNAUTHENTICATED"]


async def test_the_log_is_for_our_staff(client: SubgraphClient, world: World) -> None:
    me = await _traveler(world)
    await world.booking("booking.confirmed", me.user_id)
    world.email.failures = [Refused("554 no")]
    await world.send_all()
    (row,) = await world.deliveries(me.user_id)
    for caller in (me, make_principal(Role.HOTEL_MANAGER)):
        for operation, variables in ((DELIVERIES, {}), (RETRY, {"id": str(row.id)})):
            response = await client.execute(operation, variables, as_=caller)
            assert [error["extensions"]["code"] for error in response["errors"]] == ["FORBIDDEN"]
    assert await world.states(me.user_id) == {"EMAIL": "DEAD"}
    support = make_principal(Role.SUPPORT)
    data = await client.data(DELIVERIES, {"states": ["DEAD"], "user": str(me.user_id)}, as_=support)
    assert [edge["node"] for edge in data["deliveries"]["edges"]] == [
        {
            "id": str(row.id), "userId": str(me.user_id), "kind": "BOOKING_CONFIRMED", "channel": "EMAIL",
            "state": "DEAD", "reason": "554 no", "nextAttemptAt": None,
            "attempts": [{"number": 1, "provider": "email", "outcome": "REFUSED", "detail": "554 no"}],
        }
    ]  # fmt: skip
    assert (await client.data(DELIVERIES, {"states": ["SENT"]}, as_=support))["deliveries"]["edges"] == []
    assert (await client.data(RETRY, {"id": str(row.id)}, as_=support))["retryDelivery"]["state"] == "PENDING"
    again = await client.data(RETRY, {"id": str(row.id)}, as_=support)
    assert again["retryDelivery"]["__typename"] == "DeliveryNotDead"


async def test_everybody_may_know_the_public_key(client: SubgraphClient) -> None:
    assert len((await client.data("{ webPushKey }"))["webPushKey"]) == 87
