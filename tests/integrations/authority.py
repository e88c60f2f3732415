"""A certificate authority of a test: what it signs can be old, short, or for another name."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """Signs certificates; `file` is what whoever trusts it is given."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name
    file: Path

    @classmethod
    def made(cls, folder: Path, name: str = "ca") -> Authority:
        key, subject = ec.generate_private_key(ec.SECP256R1()), _name(f"Test {name}")
        certificate = (
            _built(subject, subject, key, timedelta(days=-1), timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        file = folder / f"{name}.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cls(folder, key, subject, file)

    def server(
        self,
        *,
        days: float = 365,
        since: float = -400,
        names: tuple[str, ...] = ("lab.test",),
        is_own: bool = False,
    ) -> ssl.SSLContext:
        """Return what a server listens with: a certificate that ends in so many days."""
        key, subject = ec.generate_private_key(ec.SECP256R1()), _name("server")
        alternatives = [x509.DNSName(one) for one in names]
        addresses = (
            [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))] if "lab.test" in names else []
        )
        builder = (
            _built(
                subject,
                subject if is_own else self.name,
                key,
                timedelta(days=since),
                timedelta(days=days, minutes=5),
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([*alternatives, *addresses]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    (key if is_own else self.key).public_key()
                ),
                critical=False,
            )
        )
        certificate = builder.sign(key if is_own else self.key, hashes.SHA256())
        file = self.folder / f"server-{certificate.serial_number}.pem"
        pem = serialization.Encoding.PEM
        file.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + certificate.public_bytes(pem)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _built(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    since: timedelta,
    until: timedelta,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + since)
        .not_valid_after(now + until)
    )
