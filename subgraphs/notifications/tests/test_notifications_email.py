"""Mail as it arrives at a real SMTP server: encrypted, signed, readable by people and by machines."""

from __future__ import annotations

import asyncio
import email
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dkim
import pytest
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from shared.messaging.mail import DkimKey, FolderMailer, Mailer, SmtpMailer, compose
from subgraphs.notifications.channels.email import EmailProvider
from subgraphs.notifications.kinds import Channel
from subgraphs.notifications.tests.world import World

SENDER = "Reservei <no-reply@reservei.example>"


@dataclass
class Inbox:
    """What a mail server took, and how it answers."""

    taken: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    were_encrypted: list[bool] = field(default_factory=list)
    rcpt_answers: dict[str, str] = field(default_factory=dict)
    data_answers: list[str] = field(default_factory=list)
    cuts_after_data: int = 0
    """So often the connection is lost after the mail was taken, before the answer."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.rcpt_answers:
            return self.rcpt_answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data_answers:
            return self.data_answers.pop(0)
        self.taken.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        self.were_encrypted.append(session.ssl is not None)
        if self.cuts_after_data:
            self.cuts_after_data -= 1
            server.transport.abort()
        return "250 OK"

    def messages(self) -> list[EmailMessage]:
        return [email.message_from_bytes(raw, policy=policy.default) for raw in self.taken]


@asynccontextmanager
async def smtp_server(inbox: Inbox, **options: Any) -> AsyncIterator[str]:
    """A mail server on a port of its own; its address as ``host:port``."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, loop=loop, hostname="localhost", **options), "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"{host}:{port}"
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server and of a client that believes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    import ipaddress

    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(_pem(key))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, private)
    return server, ssl.create_default_context(cafile=str(certificate))


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def with_mailer(world: World, mailer: Mailer) -> None:
    """Have the world's mail go over a real mailer."""
    world.providers = {**world.providers, Channel.EMAIL: EmailProvider(mailer, sender=SENDER)}
    world.dispatcher = world.worker()


async def test_a_confirmation_as_it_arrives(world: World) -> None:
    inbox = Inbox()
    async with smtp_server(inbox) as address:
        with_mailer(world, SmtpMailer(f"smtp://{address}"))
        user_id = await world.traveler()
        await world.booking("booking.confirmed", user_id, hotel_name="Pousada <São João>")
        await world.send_all()
    (message,) = inbox.messages()
    (delivery,) = await world.deliveries(user_id)
    assert inbox.recipients == [f"{user_id.hex}@example.com"]
    assert message["From"] == SENDER
    assert message["Subject"] == "Reserva 7KX2M9QD confirmada: Pousada <São João>"
    assert message["Message-ID"] == f"<{delivery.id}@reservei.example>" == delivery.provider_id
    assert message["Content-Language"] == "pt-BR"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_body(("plain",)).get_content()
    assert "Olá, Ana," in text
    assert "Hotel: Pousada <São João>" in text
    assert "Ver a reserva: http://127.0.0.1:3000/bookings/7KX2M9QD" in text
    html = message.get_body(("html",)).get_content()
    assert "Pousada &lt;São João&gt;" in html
    assert "<style" not in html
    assert '<h1 style="' in html
    assert 'href="http://127.0.0.1:3000/bookings/7KX2M9QD"' in html


async def test_one_click_unsubscribes(world: World) -> None:
    inbox = Inbox()
    async with smtp_server(inbox) as address:
        with_mailer(world, SmtpMailer(f"smtp://{address}"))
        user_id = await world.traveler()
        await world.booking("booking.confirmed", user_id)
        await world.send_all()
    (message,) = inbox.messages()
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = str(message["List-Unsubscribe"]).strip("<>")
    assert url.startswith("http://127.0.0.1:3005/unsubscribe/")
    assert url in message.get_body(("plain",)).get_content()
    what = world.secrets.read_unsubscribe_token(url.rpartition("/")[2])
    assert what == (user_id, "BOOKING_CONFIRMED", "EMAIL")


async def test_starttls_is_used_where_it_is_offered(
    world: World, certificate: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server, client = certificate
    inbox = Inbox()
    async with smtp_server(inbox, tls_context=server, require_starttls=True) as address:
        with_mailer(world, SmtpMailer(f"smtp://{address}", starttls="require", tls_context=client))
        await world.booking("booking.confirmed", await world.traveler())
        await world.send_all()
    assert inbox.were_encrypted == [True]


async def test_a_server_without_tls_gets_neither_password_nor_mail(world: World) -> None:
    inbox = Inbox()
    async with smtp_server(inbox) as address:
        with_mailer(world, SmtpMailer(f"smtp://user:secret@{address}"))
        user_id = await world.traveler()
        await world.booking("booking.confirmed", user_id)
        await world.send_all()
    assert inbox.taken == []
    (delivery,) = await world.deliveries(user_id)
    assert (delivery.state, delivery.attempts) == ("PENDING", 1)


async def test_a_certificate_that_is_not_believed_stops_the_mail(
    world: World, certificate: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    inbox = Inbox()
    async with smtp_server(inbox, tls_context=certificate[0]) as address:
        with_mailer(world, SmtpMailer(f"smtp://{address}", starttls="require"))
        await world.booking("booking.confirmed", await world.traveler())
        await world.send_all()
    assert inbox.taken == []


async def test_mails_are_signed(world: World) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    inbox = Inbox()
    async with smtp_server(inbox) as address:
        signing = DkimKey("reservei.example", "s1", _pem(key))
        with_mailer(world, SmtpMailer(f"smtp://{address}", dkim_key=signing))
        await world.booking("booking.confirmed", await world.traveler())
        await world.send_all()
    (raw,) = inbox.taken
    look_up = _dns(key)
    assert dkim.verify(raw, dnsfunc=look_up)
    assert not dkim.verify(raw.replace(b"One-Click", b"Two-Click"), dnsfunc=look_up)
    signature = str(inbox.messages()[0]["DKIM-Signature"])
    assert "d=reservei.example" in signature
    assert "list-unsubscribe" in signature


def _dns(key: rsa.RSAPrivateKey) -> Callable[..., bytes]:
    import base64

    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"s1._domainkey.reservei.example."
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    return look_up


@pytest.mark.parametrize(
    ("answer", "state"),
    [("450 greylisted", "PENDING"), ("550 no such user", "DEAD"), ("554 policy", "DEAD")],
)
async def test_what_the_server_says_of_the_recipient_counts(world: World, answer: str, state: str) -> None:
    inbox = Inbox()
    async with smtp_server(inbox) as address:
        with_mailer(world, SmtpMailer(f"smtp://{address}"))
        user_id = await world.traveler()
        inbox.rcpt_answers[f"{user_id.hex}@example.com"] = answer
        await world.booking("booking.confirmed", user_id)
        await world.send_all()
    (delivery,) = await world.deliveries(user_id)
    assert (delivery.state, delivery.unanswered) == (state, 0)
    assert answer in (delivery.reason or "")


async def test_an_answer_that_is_lost_costs_one_repetition_under_the_same_name(world: World) -> None:
    inbox = Inbox(cuts_after_data=1)
    async with smtp_server(inbox) as address:
        with_mailer(world, SmtpMailer(f"smtp://{address}"))
        user_id = await world.traveler()
        await world.booking("booking.confirmed", user_id)
        for _ in range(4):
            await world.send_all()
            world.pass_time(hours=1)
    assert await world.states(user_id) == {"EMAIL": "SENT"}
    assert len(inbox.taken) == 2
    assert len({str(message["Message-ID"]) for message in inbox.messages()}) == 1


async def test_a_server_that_is_away_is_waited_for(world: World) -> None:
    async with smtp_server(Inbox()) as address:
        pass
    with_mailer(world, SmtpMailer(f"smtp://{address}"))
    user_id = await world.traveler()
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    (delivery,) = await world.deliveries(user_id)
    assert (delivery.state, delivery.attempts, delivery.unanswered) == ("PENDING", 1, 0)


async def test_the_folder_has_one_file_for_each_mail_and_its_html_beside(world: World, tmp_path: Path) -> None:
    with_mailer(world, FolderMailer(tmp_path))
    user_id = await world.traveler()
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    (delivery,) = await world.deliveries(user_id)
    assert _names_in(tmp_path) == [f"{delivery.id}.eml", f"{delivery.id}.html"]
    assert "Pousada do Sol" in (tmp_path / f"{delivery.id}.html").read_text(encoding="utf-8")


async def test_a_subject_of_several_lines_is_one() -> None:
    message = compose(sender=SENDER, to="a@example.com", subject="a\r\nBcc: x@example.com", text="x", locale="en")
    assert message["Subject"] == "a Bcc: x@example.com"
    assert message["Bcc"] is None


def _names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
