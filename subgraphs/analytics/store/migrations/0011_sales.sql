-- What was sold, and when: one row for each booking that was ever confirmed, as it was then. What became of it is in
-- `stay_nights`.
--
-- `sold_on` is the day on which it was confirmed, where the hotel is.
CREATE TABLE IF NOT EXISTS booking_sales
(
    hotel_id       UUID,
    booking_id     UUID,
    version        UInt64,
    sold_at        DateTime64(3, 'UTC'),
    sold_on        Date,
    check_in       Date,
    night_count    UInt16,
    user_id        UUID,
    room_type_id   UUID,
    rooms          UInt32,
    total_minor    Int64,
    currency       LowCardinality(String),
    payment_method LowCardinality(String),
    guest_country  LowCardinality(String),
    city           LowCardinality(String),
    region         LowCardinality(String),
    country_code   LowCardinality(String)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (hotel_id, booking_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS booking_sales_view TO booking_sales AS
WITH
    JSONExtract(payload, 'Tuple(
        hotel_id UUID, room_type_id UUID, user_id UUID, check_in Date, check_out Date, rooms UInt32, total_minor Int64,
        currency String, payment_method String, guest_country String, city String, region String, country_code String,
        time_zone String)') AS booking,
    if(booking.time_zone IN (SELECT time_zone FROM system.time_zones), booking.time_zone, 'America/Sao_Paulo') AS zone
SELECT
    booking.hotel_id AS hotel_id,
    aggregate_id AS booking_id,
    aggregate_sequence AS version,
    occurred_at AS sold_at,
    toDate(toString(occurred_at, zone)) AS sold_on,
    booking.check_in AS check_in,
    toUInt16(booking.check_out - booking.check_in) AS night_count,
    booking.user_id AS user_id,
    booking.room_type_id AS room_type_id,
    booking.rooms AS rooms,
    booking.total_minor AS total_minor,
    booking.currency AS currency,
    booking.payment_method AS payment_method,
    booking.guest_country AS guest_country,
    booking.city AS city,
    booking.region AS region,
    booking.country_code AS country_code
FROM events
WHERE type = 'booking.confirmed' AND booking.check_out > booking.check_in
SETTINGS allow_nonconst_timezone_arguments = 1;
