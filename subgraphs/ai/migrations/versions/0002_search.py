"""Hotel texts and their vectors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SEARCH_VECTOR = """
setweight(to_tsvector('portuguese', immutable_unaccent(name)), 'A')
|| setweight(to_tsvector('english', immutable_unaccent(name)), 'A')
|| setweight(to_tsvector('portuguese', immutable_unaccent(place)), 'B')
|| setweight(to_tsvector('english', immutable_unaccent(place)), 'B')
|| setweight(to_tsvector('portuguese', immutable_unaccent(amenity_words)), 'C')
|| setweight(to_tsvector('english', immutable_unaccent(amenity_words)), 'C')
|| setweight(to_tsvector('portuguese', immutable_unaccent(coalesce(description_pt, ''))), 'C')
|| setweight(to_tsvector('english', immutable_unaccent(coalesce(description_en, ''))), 'C')
""".strip()


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public")
    # unaccent() is only STABLE, because its dictionary could be replaced; ours never is, so indexes may rely on it.
    op.execute("""
        CREATE FUNCTION immutable_unaccent(text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        AS $$ SELECT public.unaccent('public.unaccent'::regdictionary, $1) $$
    """)
    # With a filter, an HNSW scan goes on until it has enough rows that fit (pgvector 0.8), instead of giving up after
    # the first `ef_search`. A role that does not own the database can search as well, only less completely.
    op.execute("""
        DO $$ BEGIN
            EXECUTE format('ALTER DATABASE %I SET hnsw.iterative_scan = strict_order', current_database());
            EXECUTE format('ALTER DATABASE %I SET hnsw.ef_search = 100', current_database());
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'hnsw.iterative_scan and hnsw.ef_search are left as they are: not the owner of the database';
        END $$
    """)
    op.create_table(
        "hotels",
        sa.Column("hotel_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("country_code", sa.String(length=2), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("stars", sa.SmallInteger(), nullable=True),
        sa.Column("amenities", postgresql.ARRAY(sa.String(length=40)), nullable=False),
        sa.Column("amenity_words", sa.Text(), nullable=False),
        sa.Column("description_pt", sa.Text(), nullable=True),
        sa.Column("description_en", sa.Text(), nullable=True),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("search_vector", postgresql.TSVECTOR(), sa.Computed(SEARCH_VECTOR, persisted=True), nullable=False),
        sa.Column("passage", sa.Text(), nullable=False),
        sa.Column("passage_hash", sa.String(length=64), nullable=False),
        sa.Column("embedding", Vector(384), nullable=True),
        sa.Column("embedded_hash", sa.String(length=64), nullable=True),
        sa.Column("embedding_model", sa.String(length=80), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("hotel_id", name=op.f("pk_hotels")),
    )
    op.create_index("ix_hotels_search_vector", "hotels", ["search_vector"], postgresql_using="gin")
    op.create_index(
        "ix_hotels_embedding",
        "hotels",
        ["embedding"],
        postgresql_using="hnsw",
        postgresql_with={"m": 16, "ef_construction": 64},
        postgresql_ops={"embedding": "vector_cosine_ops"},
        postgresql_where=sa.text("is_listed"),
    )
    op.create_index("ix_hotels_destination_id", "hotels", ["destination_id"])
    op.create_index("ix_hotels_manager_id", "hotels", ["manager_id", "hotel_id"])
    op.create_index(
        "ix_hotels_to_embed",
        "hotels",
        ["claimed_until", "hotel_id"],
        postgresql_where=sa.text("embedded_hash IS DISTINCT FROM passage_hash"),
    )


def downgrade() -> None:
    op.drop_table("hotels")
    op.execute("""
        DO $$ BEGIN
            EXECUTE format('ALTER DATABASE %I RESET hnsw.iterative_scan', current_database());
            EXECUTE format('ALTER DATABASE %I RESET hnsw.ef_search', current_database());
        EXCEPTION WHEN insufficient_privilege THEN
            NULL;
        END $$
    """)
    op.execute("DROP FUNCTION immutable_unaccent(text)")
    op.execute("DROP EXTENSION unaccent")
