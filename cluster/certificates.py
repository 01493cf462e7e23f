"""Who belongs to a cluster: one authority of its own, and a certificate for each role, checked both ways.

DIR/ca.pem, ca.key           the authority; its key only where certificates are made
DIR/ROLE.pem, ROLE.key       scheduler, worker, grader (who runs `heldout grade --scheduler`)

Whoever has any of these keys can run code on every machine of the cluster, as its worker's user.
"""

import ipaddress
import os
import socket
import stat
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from grader.errors import HeldoutError

ROLES = ("scheduler", "worker", "grader")
AUTHORITY = "ca"
VALID = timedelta(days=365)
BACKDATED = timedelta(minutes=10)  # clocks of a cluster differ
SOON = timedelta(days=30)
MAKE = "make new ones: heldout worker --make-certificates DIR"


def make(folder: Path, hosts: Sequence[str] = (), now: datetime | None = None) -> list[Path]:
    """An authority and a certificate for each role, in a new or empty folder of mode 0700.

    Raises HeldoutError where there is something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise HeldoutError(
            f"{folder} is not empty",
            expected="a new or an empty folder: certificates that are in use are not written over",
            next_step="name another folder",
        )
    now = now or datetime.now(UTC)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name("heldout cluster authority")
    authority = _signed(_authority(subject, key), subject, key, now)
    written = _write(folder, AUTHORITY, authority, key)
    for role in ROLES:
        own = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(_leaf(role, own, hosts, key), subject, key, now)
        written += _write(folder, role, certificate, own)
    return written


def check(folder: Path, role: str, now: datetime | None = None) -> str:
    """Raise HeldoutError where a role's certificate can't be used; return a warning, or nothing."""
    now = now or datetime.now(UTC)
    _check_private(folder)
    authority, own = (_certificate(folder / f"{name}.pem") for name in (AUTHORITY, role))
    path = folder / f"{role}.pem"
    _check_key(folder / f"{role}.key", own)
    try:
        own.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise _unusable(
            f"the {role}'s certificate is of another authority", path, f"one that {AUTHORITY}.pem has signed"
        ) from error
    for certificate, where in ((authority, folder / f"{AUTHORITY}.pem"), (own, path)):
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            span = (
                f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
            )
            word = "has expired" if now > certificate.not_valid_after_utc else "is not valid yet"
            raise _unusable(f"the {role}'s certificate {word}", where, f"today within {span}")
    if (left := own.not_valid_after_utc - now) < SOON:
        return f"{path} expires in {left.days} days; {MAKE}"
    return ""


# ---------------------------------------------------------------- making


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _authority(subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_others=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _leaf(
    role: str, own: ec.EllipticCurvePrivateKey, hosts: Sequence[str], authority: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    both_ways = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    named = dict.fromkeys((*hosts, "localhost", "127.0.0.1", "::1", socket.gethostname()))
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_name(f"heldout {role}"))
        .public_key(own.public_key())
        .add_extension(x509.SubjectAlternativeName([_alternative(host) for host in named]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_others=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both_ways), critical=False)
        .add_extension(issuer, critical=False)
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_others: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_others,
        key_cert_sign=signs_others,
        crl_sign=signs_others,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(
    builder: x509.CertificateBuilder, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.Certificate:
    return (
        builder.issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + VALID)
        .sign(key, hashes.SHA256())
    )


def _write(
    folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> list[Path]:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    contents = {f"{name}.pem": certificate.public_bytes(serialization.Encoding.PEM), f"{name}.key": private}
    for file_name, data in contents.items():
        descriptor = os.open(folder / file_name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    return [folder / file_name for file_name in contents]


# ---------------------------------------------------------------- checking


def _check_private(folder: Path) -> None:
    if not folder.is_dir():
        raise _unusable("there is no folder of certificates", folder, "one that --make-certificates made")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        raise HeldoutError(
            "the folder of certificates is open to other users of this machine",
            where=f"{folder} (mode {mode:04o})",
            expected="mode 0700: who has a key runs code on the whole cluster",
            next_step=f"chmod 700 {folder}; if somebody may have read it, {MAKE}",
        )


def _check_key(path: Path, certificate: x509.Certificate) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise _unusable("a certificate's key can't be read", path, "a private key in PEM") from error
    if mode & 0o077:
        raise HeldoutError(
            "a certificate's key can be read by other users of this machine",
            where=f"{path} (mode {mode:04o})",
            expected="mode 0600: who has it runs code on the whole cluster",
            next_step=f"chmod 600 {path}; if somebody may have read it, {MAKE}",
        )
    if key.public_key() != certificate.public_key():
        raise _unusable("a key is not its certificate's", path, f"the key of {path.with_suffix('.pem').name}")


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError as error:
        raise _unusable("a certificate is missing", path, "what --make-certificates made, by role") from error
    except (OSError, ValueError) as error:
        raise _unusable("a certificate can't be read", path, "an X.509 certificate in PEM") from error


def _unusable(what: str, where: Path, expected: str) -> HeldoutError:
    return HeldoutError(
        what,
        where=str(where),
        expected=expected,
        next_step=f"copy ca.pem and the role's two files from where they were made, or {MAKE}",
    )
