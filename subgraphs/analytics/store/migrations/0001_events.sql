-- Every event that analytics was told of, one row each. What reports read is projected from here by materialised views,
-- and can be rebuilt from here.
--
-- The broker delivers at least once, so a row may be inserted twice. The later one replaces the earlier when parts are
-- merged; until then FINAL hides it, and the projections do not mind (they are keyed by what they describe).
CREATE TABLE IF NOT EXISTS events
(
    event_id           UUID,
    type               LowCardinality(String),
    version            UInt16,
    occurred_at        DateTime64(3, 'UTC'),
    aggregate_id       UUID,
    aggregate_sequence UInt64,
    correlation_id     Nullable(UUID),
    payload            String CODEC(ZSTD(3)),
    received_at        DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(received_at)
ORDER BY (type, aggregate_id, aggregate_sequence, event_id);
