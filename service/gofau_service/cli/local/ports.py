"""Free TCP ports on this machine's loopback."""

import random
import socket

from gofau_service.cli.local.errors import LocalError

GIVEN_TO_NOBODY = range(20_000, 32_768)
"""Ports above those that Ray takes for workers, and below those that Linux (from 32768) and macOS
(from 49152) hand out on their own."""


def check_host(host: str) -> None:
    """See that a server could listen on this address at all.

    Raises:
        LocalError: it is no address of this machine.
    """
    try:
        with _socket(host) as probe:
            probe.bind((host, 0))
    except OSError as error:
        raise LocalError(
            f"host: got {host} ({error.strerror}), expected an address of this machine, "
            "such as 127.0.0.1 or 0.0.0.0; choose one with --host"
        ) from error


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on the port now."""
    with _socket(host) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(preferred: int = 0, host: str = "127.0.0.1") -> int:
    """``preferred`` when it is free, otherwise any free port.

    Nobody who asks the kernel for any port is given this one, neither before it is listened on nor
    while what listened there is started again.
    """
    if preferred and is_free(preferred, host):
        return preferred
    draw = random.SystemRandom()
    port = draw.choice(GIVEN_TO_NOBODY)
    while not is_free(port, host):
        port = draw.choice(GIVEN_TO_NOBODY)
    return port


def _socket(host: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
