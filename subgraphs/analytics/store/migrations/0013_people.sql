-- What visitors did who agreed to be counted: searches, views, quotes and clicks. A client may send an event twice, with
-- the same id.
CREATE TABLE IF NOT EXISTS client_events
(
    occurred_at DateTime64(3, 'UTC'),
    visitor_id  UUID,
    event_id    UUID,
    user_id     Nullable(UUID),
    kind        LowCardinality(String),
    hotel_id    Nullable(UUID),
    destination LowCardinality(String),
    received_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYear(occurred_at)
ORDER BY (toDate(occurred_at), visitor_id, event_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS client_events_view TO client_events AS
WITH JSONExtract(payload, 'Tuple(
    visitor_id UUID, user_id Nullable(UUID), hotel_id Nullable(UUID), destination String)') AS client
SELECT
    occurred_at,
    client.visitor_id AS visitor_id,
    event_id,
    client.user_id AS user_id,
    substring(type, 8) AS kind,
    client.hotel_id AS hotel_id,
    client.destination AS destination,
    received_at
FROM events
WHERE startsWith(type, 'client.');

-- Arrivals: one row for each booking whose guests came.
CREATE TABLE IF NOT EXISTS arrivals
(
    hotel_id   UUID,
    booking_id UUID,
    version    UInt64,
    user_id    UUID,
    arrived_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (hotel_id, booking_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS arrivals_view TO arrivals AS
WITH JSONExtract(payload, 'Tuple(hotel_id UUID, user_id UUID)') AS booking
SELECT
    booking.hotel_id AS hotel_id,
    aggregate_id AS booking_id,
    aggregate_sequence AS version,
    booking.user_id AS user_id,
    occurred_at AS arrived_at
FROM events
WHERE type = 'booking.checked_in';
