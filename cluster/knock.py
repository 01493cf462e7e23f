"""One try at a scheduler's door, for words that Dask's own patience would hide: it tries on without any."""

import socket
import ssl

from distributed.security import Security

from cluster.addresses import Address
from grader.errors import HeldoutError, Unavailable

SECONDS = 5.0


def knock(address: Address, security: Security) -> None:
    """Raises Unavailable where nobody opens, HeldoutError where one is not let in, or they are strangers."""
    context = security.get_connection_args("client")["ssl_context"]
    try:
        with socket.create_connection((address.host, address.port), SECONDS) as plain:
            if context is not None:
                _shake(context, plain)
    except ssl.SSLError as error:
        raise HeldoutError(
            f"the scheduler at {address} and this machine don't trust each other",
            where=error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error),
            expected="certificates of one authority on both ends, and tls:// there, too",
            next_step="copy ca.pem and the role's two files from the folder that the scheduler has",
        ) from error
    except OSError as error:
        raise Unavailable(
            f"the scheduler at {address} doesn't answer",
            where=str(error),
            expected="a scheduler that listens there",
            next_step=f"start it: heldout scheduler {address}",
        ) from error


def _shake(context: ssl.SSLContext, plain: socket.socket) -> None:
    """The other end speaks first; where it doesn't want our certificate it says so only now."""
    with context.wrap_socket(plain) as encrypted:
        if not encrypted.recv(1):
            raise ssl.SSLError("the other end hung up: it doesn't want this certificate")
