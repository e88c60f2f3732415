"""Receivers on loopback: real TLS, with a certificate of their own."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.audit.export import readers


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "siem")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "siem.pem", folder / "siem.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret


@dataclass
class Receiver:
    """What arrived, session by session, and how the receiver behaves.

    `reads` is how many bytes it takes before it goes away without another word; None for all.
    `ends` is whether it ends the TLS session before it closes.
    """

    port: int = 0
    reads: int | None = None
    is_silent: bool = False
    ends: bool = True
    says: bytes = b""
    sessions: list[bytes] = field(default_factory=list)

    @property
    def messages(self) -> list[bytes]:
        """Every message of the sessions that were read to their end."""
        return [message for data in self.sessions for message in readers.frames(data)]

    def take(self, session: socket.socket, is_over: threading.Event) -> None:
        """Take one session, to its end or as far as it goes."""
        if self.is_silent:
            is_over.wait(20)
            return
        data = b""
        while part := session.recv(65_536):
            data += part
            if self.reads is not None and len(data) >= self.reads:
                return
        self.sessions.append(data)
        session.sendall(self.says)
        if self.ends and isinstance(session, ssl.SSLSocket):
            session.unwrap()


@contextlib.contextmanager
def listening(
    receiver: Receiver, certificate: tuple[Path, Path] | None, *, ca: Path | None = None
) -> Iterator[Receiver]:
    """Serve on a free port of loopback; with `ca`, clients must show a certificate of it."""
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        if ca:
            context.load_verify_locations(ca)
            context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", receiver.port))
    receiver.port = listener.getsockname()[1]
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            bare, _ = listener.accept()
            bare.settimeout(20)
            # What the client did wrong, or what we do on purpose, ends that session alone.
            with contextlib.suppress(OSError), bare:
                if is_over.is_set():
                    return
                if context is None:
                    receiver.take(bare, is_over)
                    continue
                with context.wrap_socket(bare, server_side=True) as session:
                    receiver.take(session, is_over)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield receiver
    finally:
        is_over.set()
        socket.create_connection(("127.0.0.1", receiver.port)).close()
        thread.join()
        listener.close()


@contextlib.contextmanager
def refusing(context: ssl.SSLContext) -> Iterator[int]:
    """Serve one client that will be refused: read all it sends, and only then say so."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        bare, _ = listener.accept()
        bare.settimeout(20)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = context.wrap_bio(incoming, outgoing, server_side=True)
        with bare:
            incoming.write(bare.recv(65_536))
            with contextlib.suppress(ssl.SSLWantReadError):
                session.do_handshake()
            bare.sendall(outgoing.read())
            time.sleep(0.2)  # for what follows the handshake
            incoming.write(bare.recv(65_536))
            with contextlib.suppress(ssl.SSLError):
                session.do_handshake()
            bare.sendall(outgoing.read())
            while bare.recv(65_536):
                continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join()
        listener.close()
