-- Hotels and the rooms that they have to sell, each as its latest event leaves it.
CREATE TABLE IF NOT EXISTS hotels
(
    hotel_id       UUID,
    version        UInt64,
    name           String,
    manager_id     Nullable(UUID),
    destination_id UUID,
    country_code   LowCardinality(String),
    time_zone      LowCardinality(String),
    currency       LowCardinality(String),
    is_listed      Bool
)
ENGINE = ReplacingMergeTree(version)
ORDER BY hotel_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS hotels_view TO hotels AS
WITH JSONExtract(payload, 'Tuple(
    name String, manager_id Nullable(UUID), destination_id UUID, country_code String, time_zone String,
    currency String, is_listed Bool)') AS hotel
SELECT
    aggregate_id AS hotel_id,
    aggregate_sequence AS version,
    hotel.name AS name,
    hotel.manager_id AS manager_id,
    hotel.destination_id AS destination_id,
    hotel.country_code AS country_code,
    hotel.time_zone AS time_zone,
    hotel.currency AS currency,
    hotel.is_listed AS is_listed
FROM events
WHERE type IN ('hotel.created', 'hotel.updated');

-- `changed_on` says since when a room type that is not sold any more is not.
CREATE TABLE IF NOT EXISTS room_types
(
    hotel_id     UUID,
    room_type_id UUID,
    version      UInt64,
    code         String,
    name_pt      String,
    name_en      String,
    total_rooms  UInt32,
    is_active    Bool,
    changed_on   Date
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (hotel_id, room_type_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS room_types_view TO room_types AS
WITH JSONExtract(payload, 'Tuple(
    room_type_id UUID, code String, name_pt String, name_en String, total_rooms UInt32, is_active Bool)') AS room_type
SELECT
    aggregate_id AS hotel_id,
    room_type.room_type_id AS room_type_id,
    aggregate_sequence AS version,
    room_type.code AS code,
    room_type.name_pt AS name_pt,
    room_type.name_en AS name_en,
    room_type.total_rooms AS total_rooms,
    room_type.is_active AS is_active,
    toDate(occurred_at, 'America/Sao_Paulo') AS changed_on
FROM events
WHERE type = 'room_type.changed';

-- Nights that have a number of rooms of their own (`TOTAL`), or on which nothing is sold (`CLOSED`, 1 for closed). The
-- two change one without the other, so each has its own row and its own latest event.
CREATE TABLE IF NOT EXISTS supply_nights
(
    hotel_id     UUID,
    room_type_id UUID,
    night        Date,
    kind         Enum8('TOTAL' = 1, 'CLOSED' = 2),
    version      UInt64,
    value        Int32
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(night)
ORDER BY (hotel_id, room_type_id, night, kind);

CREATE MATERIALIZED VIEW IF NOT EXISTS supply_nights_view TO supply_nights AS
WITH
    JSONExtract(payload, 'Tuple(
        room_type_id UUID, first_night Date, last_night Date, weekdays Array(UInt8), total Nullable(Int32),
        is_closed Nullable(Bool))') AS change,
    toInt32(change.last_night) - toInt32(change.first_night) + 1 AS night_count,
    arrayFilter(
        day -> has(change.weekdays, toDayOfWeek(day)),
        arrayMap(day -> change.first_night + day, range(night_count))) AS nights,
    arrayFilter(
        pair -> isNotNull(pair.2),
        [('TOTAL', change.total), ('CLOSED', CAST(change.is_closed, 'Nullable(Int32)'))]) AS new_values,
    arrayJoin(new_values) AS new_value
SELECT
    aggregate_id AS hotel_id,
    change.room_type_id AS room_type_id,
    arrayJoin(nights) AS night,
    new_value.1 AS kind,
    aggregate_sequence AS version,
    assumeNotNull(new_value.2) AS value
FROM events
WHERE type = 'inventory.changed' AND night_count BETWEEN 1 AND 3660;
