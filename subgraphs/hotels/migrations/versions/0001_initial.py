"""Hotels, room types, nightly inventory, reviews, and what search needs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SEARCH_VECTOR = """
setweight(to_tsvector('portuguese', immutable_unaccent(name)), 'A')
|| setweight(to_tsvector('english', immutable_unaccent(name)), 'A')
|| setweight(to_tsvector('portuguese', immutable_unaccent(place)), 'B')
|| setweight(to_tsvector('english', immutable_unaccent(place)), 'B')
|| setweight(to_tsvector('portuguese', immutable_unaccent(coalesce(description_pt, ''))), 'C')
|| setweight(to_tsvector('english', immutable_unaccent(coalesce(description_en, ''))), 'C')
""".strip()


def upgrade() -> None:
    for extension in ("unaccent", "pg_trgm"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} WITH SCHEMA public")
    # unaccent() is only STABLE, because its dictionary could be replaced; ours never is, so indexes may rely on it.
    op.execute("""
        CREATE FUNCTION immutable_unaccent(text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        AS $$ SELECT public.unaccent('public.unaccent'::regdictionary, $1) $$
    """)
    # Haversine on the mean Earth radius. Not STRICT, so that the planner can inline it.
    op.execute("""
        CREATE FUNCTION distance_metres(lat1 float8, lng1 float8, lat2 float8, lng2 float8) RETURNS integer
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        AS $$
            SELECT (2 * 6371008.8 * asin(least(1, sqrt(
                sin(radians(lat2 - lat1) / 2) ^ 2
                + cos(radians(lat1)) * cos(radians(lat2)) * sin(radians(lng2 - lng1) / 2) ^ 2
            ))))::integer
        $$
    """)
    op.create_table(
        "destinations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=12), server_default="CITY", nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=True),
        sa.Column("region", sa.String(length=120), nullable=True),
        sa.Column("region_code", sa.String(length=10), nullable=True),
        sa.Column("country_code", sa.String(length=2), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("population", sa.Integer(), server_default="0", nullable=False),
        sa.Column("hotel_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("source", sa.String(length=40), nullable=True),
        sa.Column("source_id", sa.String(length=160), nullable=True),
        sa.Column(
            "search_name",
            sa.Text(),
            sa.Computed("lower(immutable_unaccent(name || ' ' || coalesce(name_en, '')))", persisted=True),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_destinations_latitude")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_destinations_longitude")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destinations")),
        sa.UniqueConstraint("slug", name=op.f("uq_destinations_slug")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_destinations_source_source_id")),
    )
    op.create_index(
        "ix_destinations_search_name",
        "destinations",
        ["search_name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_name": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_destinations_search_name_prefix",
        "destinations",
        ["search_name"],
        unique=False,
        postgresql_ops={"search_name": "text_pattern_ops"},
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("result_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("destination", sa.String(length=20), nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("aggregate_id", sa.Uuid(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_next_attempt_at_id", "outbox", ["next_attempt_at", "id"], unique=False)
    op.create_table(
        "hotels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=12), server_default="HOTEL", nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("description_pt", sa.Text(), nullable=True),
        sa.Column("description_en", sa.Text(), nullable=True),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("neighborhood", sa.String(length=120), nullable=True),
        sa.Column("postal_code", sa.String(length=20), nullable=True),
        sa.Column("country_code", sa.String(length=2), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), server_default="BRL", nullable=False),
        sa.Column("stars", sa.SmallInteger(), nullable=True),
        sa.Column("amenities", postgresql.ARRAY(sa.String(length=40)), server_default="{}", nullable=False),
        sa.Column("check_in_time", sa.Time(), server_default="14:00", nullable=False),
        sa.Column("check_out_time", sa.Time(), server_default="12:00", nullable=False),
        sa.Column("is_listed", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("from_price_minor", sa.Integer(), nullable=True),
        sa.Column("external_rating_tenths", sa.SmallInteger(), nullable=True),
        sa.Column("external_review_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rating_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rating_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "rating_rank",
            sa.Integer(),
            sa.Computed("((rating_sum + 700) * 100 / (rating_count + 10))::integer", persisted=True),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("source", sa.String(length=40), nullable=True),
        sa.Column("source_id", sa.String(length=160), nullable=True),
        sa.Column(
            "name_key",
            sa.Text(collation="C"),
            sa.Computed("lower(immutable_unaccent(name))", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "search_name",
            sa.Text(),
            sa.Computed("lower(immutable_unaccent(name || ' ' || place))", persisted=True),
            nullable=False,
        ),
        sa.Column("search_vector", postgresql.TSVECTOR(), sa.Computed(SEARCH_VECTOR, persisted=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_hotels_currency")),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_hotels_latitude")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_hotels_longitude")),
        sa.CheckConstraint("rating_count >= 0 AND rating_sum >= 0", name=op.f("ck_hotels_rating")),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_hotels_stars")),
        sa.ForeignKeyConstraint(["destination_id"], ["destinations.id"], name=op.f("fk_hotels_destination_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hotels")),
        sa.UniqueConstraint("slug", name=op.f("uq_hotels_slug")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_hotels_source_source_id")),
    )
    op.create_index("ix_hotels_amenities", "hotels", ["amenities"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_hotels_by_name", "hotels", ["name_key", "id"], unique=False, postgresql_where=sa.text("is_listed")
    )
    op.create_index(
        "ix_hotels_by_price",
        "hotels",
        ["currency", sa.literal_column("coalesce(from_price_minor, 2147483647)"), "id"],
        unique=False,
        postgresql_where=sa.text("is_listed"),
    )
    op.create_index(
        "ix_hotels_by_rating",
        "hotels",
        [sa.literal_column("rating_rank DESC"), "id"],
        unique=False,
        postgresql_where=sa.text("is_listed"),
    )
    op.create_index(
        "ix_hotels_by_stars",
        "hotels",
        [sa.literal_column("coalesce(stars, 0) DESC"), "id"],
        unique=False,
        postgresql_where=sa.text("is_listed"),
    )
    op.create_index("ix_hotels_destination_id", "hotels", ["destination_id"], unique=False)
    op.create_index("ix_hotels_latitude_longitude", "hotels", ["latitude", "longitude"], unique=False)
    op.create_index("ix_hotels_manager_id", "hotels", ["manager_id", "id"], unique=False)
    op.create_index(
        "ix_hotels_search_name",
        "hotels",
        ["search_name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_name": "gin_trgm_ops"},
    )
    op.create_index("ix_hotels_search_vector", "hotels", ["search_vector"], unique=False, postgresql_using="gin")
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hotel_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.String(length=120), nullable=True),
        sa.Column("rating_tenths", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("liked", sa.Text(), nullable=True),
        sa.Column("disliked", sa.Text(), nullable=True),
        sa.Column("locale", sa.String(length=10), nullable=True),
        sa.Column("is_verified_stay", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("source", sa.String(length=40), nullable=True),
        sa.Column("source_id", sa.String(length=160), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("rating_tenths BETWEEN 10 AND 100", name=op.f("ck_reviews_rating")),
        sa.ForeignKeyConstraint(["hotel_id"], ["hotels.id"], name=op.f("fk_reviews_hotel_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("hotel_id", "author_id", name=op.f("uq_reviews_hotel_id_author_id")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_reviews_source_source_id")),
    )
    op.create_index(
        "ix_reviews_author_id_created_at",
        "reviews",
        ["author_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_reviews_hotel_id_created_at",
        "reviews",
        ["hotel_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "room_types",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hotel_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_pt", sa.String(length=160), nullable=True),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("description_pt", sa.Text(), nullable=True),
        sa.Column("description_en", sa.Text(), nullable=True),
        sa.Column("max_guests", sa.SmallInteger(), nullable=False),
        sa.Column("bed_count", sa.SmallInteger(), nullable=True),
        sa.Column("size_sqm", sa.SmallInteger(), nullable=True),
        sa.Column("total_rooms", sa.Integer(), nullable=False),
        sa.Column("base_price_minor", sa.Integer(), nullable=False),
        sa.Column("free_cancel_days", sa.SmallInteger(), nullable=True),
        sa.Column("first_night_days", sa.SmallInteger(), nullable=True),
        sa.Column("position", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("base_price_minor >= 0", name=op.f("ck_room_types_base_price")),
        sa.CheckConstraint(
            "(free_cancel_days IS NULL) = (first_night_days IS NULL) AND 0 <= first_night_days "
            "AND first_night_days <= free_cancel_days",
            name=op.f("ck_room_types_cancellation"),
        ),
        sa.CheckConstraint("max_guests BETWEEN 1 AND 30", name=op.f("ck_room_types_max_guests")),
        sa.CheckConstraint("total_rooms BETWEEN 0 AND 5000", name=op.f("ck_room_types_total_rooms")),
        sa.ForeignKeyConstraint(["hotel_id"], ["hotels.id"], name=op.f("fk_room_types_hotel_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_types")),
        sa.UniqueConstraint("hotel_id", "code", name=op.f("uq_room_types_hotel_id_code")),
    )
    op.create_table(
        "inventory_nights",
        sa.Column("room_type_id", sa.Uuid(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("total", sa.SmallInteger(), nullable=False),
        sa.Column("held", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("sold", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("min_stay", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("is_closed", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint(
            "0 <= held AND 0 <= sold AND held + sold <= total", name=op.f("ck_inventory_nights_not_oversold")
        ),
        sa.CheckConstraint("min_stay BETWEEN 1 AND 30", name=op.f("ck_inventory_nights_min_stay")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_inventory_nights_price")),
        sa.ForeignKeyConstraint(
            ["room_type_id"], ["room_types.id"], name=op.f("fk_inventory_nights_room_type_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_type_id", "night", name=op.f("pk_inventory_nights")),
        postgresql_with={"fillfactor": 85},
    )
    op.create_table(
        "photos",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hotel_id", sa.Uuid(), nullable=False),
        sa.Column("room_type_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.String(length=600), nullable=False),
        sa.Column("caption_pt", sa.String(length=300), nullable=True),
        sa.Column("caption_en", sa.String(length=300), nullable=True),
        sa.Column("position", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["hotel_id"], ["hotels.id"], name=op.f("fk_photos_hotel_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["room_type_id"], ["room_types.id"], name=op.f("fk_photos_room_type_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.UniqueConstraint("hotel_id", "url", name=op.f("uq_photos_hotel_id_url")),
    )
    op.create_index("ix_photos_hotel_id_position", "photos", ["hotel_id", "position"], unique=False)


def downgrade() -> None:
    for table in (
        "photos", "inventory_nights", "room_types", "reviews", "hotels", "outbox", "idempotency_keys", "destinations",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("DROP FUNCTION distance_metres(float8, float8, float8, float8)")
    op.execute("DROP FUNCTION immutable_unaccent(text)")
