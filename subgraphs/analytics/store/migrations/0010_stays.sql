-- What was stayed, night by night: one row for each night of each booking, as the booking's latest event leaves it.
--
-- Every event of a booking carries the booking after it, so a row says all there is to say, and the one of the latest
-- event (by the booking's own sequence) replaces the others: twice and out of order is as good as once and in order.
-- A change of stay also writes the nights that were given up, emptied.
--
-- `total_minor` is spread evenly over the nights; what does not divide goes to the first. `is_sold` holds for
-- bookings that are paid and not called off; guests who never came have paid, so their nights count as sold.
-- `is_arrival` marks one row of each booking, whatever its state: there bookings are counted by day of arrival.
CREATE TABLE IF NOT EXISTS stay_nights
(
    hotel_id       UUID,
    night          Date,
    booking_id     UUID,
    version        UInt64,
    state          LowCardinality(String),
    is_sold        Bool,
    is_arrival     Bool,
    room_type_id   UUID,
    rooms          UInt32,
    guests         UInt32,
    revenue_minor  Int64,
    fee_minor      Int64,
    currency       LowCardinality(String),
    payment_method LowCardinality(String),
    guest_country  LowCardinality(String),
    city           LowCardinality(String),
    region         LowCardinality(String),
    country_code   LowCardinality(String)
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(night)
ORDER BY (hotel_id, night, booking_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS stay_nights_view TO stay_nights AS
WITH
    JSONExtract(payload, 'Tuple(
        state String, hotel_id UUID, room_type_id UUID, check_in Date, check_out Date, guests UInt32, rooms UInt32,
        total_minor Int64, fee_minor Int64, currency String, payment_method String, guest_country String,
        city String, region String, country_code String,
        change Tuple(previous_check_in Date, previous_check_out Date))') AS booking,
    toInt32(booking.check_out) - toInt32(booking.check_in) AS night_count,
    toInt32(booking.change.previous_check_out) - toInt32(booking.change.previous_check_in) AS previous_count,
    arrayMap(day -> booking.check_in + day, range(night_count)) AS nights,
    arrayMap(day -> booking.change.previous_check_in + day, range(least(greatest(previous_count, 0), 1000)))
        AS previous_nights,
    night >= booking.check_in AND night < booking.check_out AS is_in_stay
SELECT
    booking.hotel_id AS hotel_id,
    arrayJoin(arrayDistinct(arrayConcat(nights, previous_nights))) AS night,
    aggregate_id AS booking_id,
    aggregate_sequence AS version,
    booking.state AS state,
    is_in_stay AND state IN ('CONFIRMED', 'CHECKED_IN', 'CHECKED_OUT', 'NO_SHOW') AS is_sold,
    night = booking.check_in AS is_arrival,
    booking.room_type_id AS room_type_id,
    if(is_in_stay, booking.rooms, 0) AS rooms,
    if(is_in_stay, booking.guests, 0) AS guests,
    if(is_in_stay, intDiv(booking.total_minor, night_count), 0)
        + if(is_arrival, booking.total_minor % night_count, 0) AS revenue_minor,
    if(is_arrival, booking.fee_minor, 0) AS fee_minor,
    booking.currency AS currency,
    booking.payment_method AS payment_method,
    booking.guest_country AS guest_country,
    booking.city AS city,
    booking.region AS region,
    booking.country_code AS country_code
FROM events
WHERE startsWith(type, 'booking.') AND night_count BETWEEN 1 AND 1000;
