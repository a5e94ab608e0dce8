"""Which addresses a teacher may be at: none where a cloud keeps its machines' credentials."""

import ipaddress
import re
import socket
from urllib.parse import SplitResult, urlsplit

from pipelines.errors import TeacherError

_SECRET = re.compile(r"//[^/]*@")
_METADATA = frozenset({"100.100.100.200", "fd00:ec2::254", "192.0.0.192"})


def check_address(url: str) -> None:
    """Raises `TeacherError` if a URL is none, or leads to a link-local or metadata address."""
    parts, port = _parts(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        shown = _SECRET.sub("//…@", url)
        raise TeacherError(
            f"found the address “{shown}”, expected one like http://localhost:8000/v1"
        )
    if parts.username or parts.password:
        raise TeacherError(
            f"found a name or password in the address of {parts.hostname}, expected none there: "
            "give the key apart"
        )
    for address in _addresses(parts.hostname, port or 443):
        if address.is_link_local or address.is_multicast or str(address) in _METADATA:
            raise TeacherError(
                f"found the link-local or metadata address {address} behind {parts.hostname}, "
                "expected a model's endpoint; correct the URL"
            )


def _parts(url: str) -> tuple[SplitResult, int | None]:
    """The parts of a URL and its port; of what is none, no parts."""
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        return urlsplit(""), None


def _addresses(host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the latter for a name that no host can have
        raise TeacherError(
            f"found no address of the host {host}, expected one; check the URL and the network"
        ) from error
    plain = {str(entry[4][0]).split("%")[0] for entry in found}
    addresses = [ipaddress.ip_address(text) for text in sorted(plain)]
    return [getattr(address, "ipv4_mapped", None) or address for address in addresses]
