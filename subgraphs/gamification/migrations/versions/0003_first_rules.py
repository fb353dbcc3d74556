"""The first rules of the game: earning rates, levels, achievements and missions, so that a new traveler sees some."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Stays of before we began count too, so that an imported history is worth something.
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
REVISION = UUID("0195f3a0-0000-7000-8000-000000000001")


def _text(pt: str, en: str) -> dict[str, str]:
    return {"pt": pt, "en": en}


EARNING = {
    "base-brl": {"currency": "BRL", "points_per_hundred": 100, "points_per_night": 20},
    "base-usd": {"currency": "USD", "points_per_hundred": 500, "points_per_night": 20},
    "base-eur": {"currency": "EUR", "points_per_hundred": 550, "points_per_night": 20},
}

LEVELS = [
    {
        "code": "explorer",
        "name": _text("Explorador", "Explorer"),
        "minimum_points": 0,
        "multiplier_percent": 100,
        "perks": [{"code": "points", "text": _text("Pontos em toda estadia", "Points for every stay")}],
    },
    {
        "code": "silver",
        "name": _text("Prata", "Silver"),
        "minimum_points": 5_000,
        "multiplier_percent": 110,
        "perks": [{"code": "bonus-10", "text": _text("10% mais pontos", "10% more points")}],
    },
    {
        "code": "gold",
        "name": _text("Ouro", "Gold"),
        "minimum_points": 20_000,
        "multiplier_percent": 125,
        "perks": [
            {"code": "bonus-25", "text": _text("25% mais pontos", "25% more points")},
            {"code": "late-check-out", "text": _text("Saída tardia, se houver vaga", "Late check-out when possible")},
        ],
    },
    {
        "code": "diamond",
        "name": _text("Diamante", "Diamond"),
        "minimum_points": 60_000,
        "multiplier_percent": 150,
        "perks": [
            {"code": "bonus-50", "text": _text("50% mais pontos", "50% more points")},
            {"code": "late-check-out", "text": _text("Saída tardia, se houver vaga", "Late check-out when possible")},
            {"code": "upgrade", "text": _text("Quarto melhor, se houver vaga", "A better room when possible")},
        ],
    },
]


def _tiers(*targets: int) -> list[dict[str, object]]:
    names = [_text("Bronze", "Bronze"), _text("Prata", "Silver"), _text("Ouro", "Gold")]
    return [{"target": target, "name": name} for target, name in zip(targets, names, strict=True)]


def _stays(measure: dict[str, str], **more: object) -> dict[str, object]:
    return {"event": "booking.checked_out", "measure": measure, **more}


ACHIEVEMENTS = {
    "traveler": {
        "title": _text("Viajante", "Traveler"),
        "description": _text("Estadias concluídas", "Completed stays"),
        "rule": _stays({"kind": "count"}),
        "tiers": _tiers(1, 10, 50),
    },
    "night-owl": {
        "title": _text("Noites fora", "Nights away"),
        "description": _text("Noites dormidas em hotéis", "Nights slept in hotels"),
        "rule": _stays({"kind": "sum", "field": "nights"}),
        "tiers": _tiers(5, 30, 100),
    },
    "explorer-of-brazil": {
        "title": _text("Desbravador", "Pathfinder"),
        "description": _text("Estados diferentes visitados", "Different states visited"),
        "rule": _stays({"kind": "distinct", "field": "region"}),
        "tiers": _tiers(3, 10, 27),
    },
    "critic": {
        "title": _text("Crítico", "Critic"),
        "description": _text("Avaliações de estadias confirmadas", "Reviews of verified stays"),
        "rule": {
            "event": "review.added",
            "where": [{"field": "is_verified_stay", "op": "eq", "value": True}],
            "measure": {"kind": "count"},
        },
        "tiers": _tiers(1, 5, 25),
    },
    "marathon": {
        "title": _text("Maratonista", "Marathoner"),
        "description": _text("Completou a missão Maratonista", "Completed the mission Marathoner"),
        "tiers": [{"target": 1, "name": _text("Conquistado", "Earned")}],
    },
    "three-states": {
        "title": _text("Pé na estrada", "On the road"),
        "description": _text("Três estados em 90 dias", "Three states in 90 days"),
        "tiers": [{"target": 1, "name": _text("Conquistado", "Earned")}],
    },
}

MISSIONS = {
    "first-trip": {
        "title": _text("Primeira viagem", "First trip"),
        "description": _text("Conclua a sua primeira estadia.", "Complete your first stay."),
        "rule": _stays({"kind": "count"}),
        "target": 1,
        "rewards": {"points": 500},
        "starts_at": BEGINNING.isoformat(),
    },
    "three-states": {
        "title": _text("3 estados em 90 dias", "3 states in 90 days"),
        "description": _text(
            "Hospede-se em três estados diferentes em 90 dias.", "Stay in three different states within 90 days."
        ),
        "rule": _stays({"kind": "distinct", "field": "region"}, window_days=90),
        "target": 3,
        "rewards": {"points": 1_500, "badge": "three-states"},
        "repeat": "repeatable",
        "starts_at": BEGINNING.isoformat(),
    },
    "marathoner": {
        "title": _text("Maratonista: 10 noites", "Marathoner: 10 nights"),
        "description": _text("Durma 10 noites em hotéis em um ano.", "Sleep 10 nights in hotels within a year."),
        "rule": _stays({"kind": "sum", "field": "nights"}, window_days=365),
        "target": 10,
        "rewards": {"points": 1_000, "badge": "marathon", "coupon": {"percent": 10, "minimum_minor": 20_000}},
        "repeat": "repeatable",
        "starts_at": BEGINNING.isoformat(),
    },
    "planner": {
        "title": _text("Planejador", "Planner"),
        "description": _text("Reserve com 30 dias ou mais de antecedência.", "Book 30 days or more before you arrive."),
        "rule": {
            "event": "booking.confirmed",
            "where": [{"field": "lead_days", "op": "gte", "value": 30}],
            "measure": {"kind": "count"},
        },
        "target": 1,
        "rewards": {"points": 200},
        "starts_at": BEGINNING.isoformat(),
    },
    "weekends": {
        "title": _text("Fim de semana perfeito", "Perfect weekend"),
        "description": _text(
            "Três estadias de fim de semana em 60 dias. Participe para começar.",
            "Three weekend stays within 60 days. Enrol to begin.",
        ),
        "rule": _stays({"kind": "count"}, where=[{"field": "is_weekend", "op": "eq", "value": True}], window_days=60),
        "target": 3,
        "rewards": {"points": 800, "coupon": {"amount_minor": 5_000, "minimum_minor": 30_000}},
        "repeat": "repeatable",
        "enrolment": "opt_in",
        "starts_at": BEGINNING.isoformat(),
    },
    "every-month": {
        "title": _text("Todo mês uma viagem", "A trip every month"),
        "description": _text("Viaje em três meses seguidos.", "Travel in three months in a row."),
        "rule": _stays({"kind": "streak", "unit": "month"}),
        "target": 3,
        "rewards": {"points": 1_200},
        "repeat": "repeatable",
        "starts_at": BEGINNING.isoformat(),
    },
    "reviewer": {
        "title": _text("Conte como foi", "Tell how it was"),
        "description": _text("Avalie três hotéis em que se hospedou.", "Review three hotels where you have stayed."),
        "rule": {
            "event": "review.added",
            "where": [{"field": "is_verified_stay", "op": "eq", "value": True}],
            "measure": {"kind": "distinct", "field": "hotel_id"},
        },
        "target": 3,
        "rewards": {"points": 300},
        "starts_at": BEGINNING.isoformat(),
    },
}


def upgrade() -> None:
    def insert(statement: str, **values: object) -> None:
        op.get_bind().execute(sa.text(statement), values)

    for code, rule in EARNING.items():
        insert(
            "INSERT INTO earning_rules (code, definition, is_builtin) VALUES (:code, CAST(:rule AS jsonb), true)",
            code=code,
            rule=json.dumps(rule),
        )
    for position, level in enumerate(LEVELS, 1):
        insert(
            "INSERT INTO levels (position, definition) VALUES (:position, CAST(:level AS jsonb))",
            position=position,
            level=json.dumps(level),
        )
    for position, (code, achievement) in enumerate(ACHIEVEMENTS.items(), 1):
        insert(
            "INSERT INTO achievements (code, position, definition)"
            " VALUES (:code, :position, CAST(:achievement AS jsonb))",
            code=code,
            position=position,
            achievement=json.dumps(achievement),
        )
    for position, (code, mission) in enumerate(MISSIONS.items(), 1):
        mission_id = UUID(f"0195f3a0-0000-7000-8000-0000000001{position:02}")
        insert(
            "INSERT INTO missions (id, code, position, is_builtin) VALUES (:id, :code, :position, true)",
            id=mission_id,
            code=code,
            position=position,
        )
        insert(
            "INSERT INTO mission_versions (mission_id, version, definition, effective_from, published_at)"
            " VALUES (:id, 1, CAST(:mission AS jsonb), :at, :at)",
            id=mission_id,
            mission=json.dumps(mission),
            at=BEGINNING,
        )
    insert("INSERT INTO catalogue_revision (id, revision) VALUES (1, :revision)", revision=REVISION)


def downgrade() -> None:
    for table in (
        "catalogue_revision", "mission_progress", "mission_updates", "enrolments", "badges", "mission_versions",
        "missions", "achievements", "levels", "earning_rules",
    ):  # fmt: skip
        op.execute(f"DELETE FROM {table}")  # noqa: S608  # tables of ours
