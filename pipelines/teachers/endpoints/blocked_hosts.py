"""Check that a teacher's URL doesn't lead to a cloud's credentials service."""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from pipelines.errors import TeacherError

_CREDENTIALS = re.compile(r"//[^/]*@")
_METADATA = frozenset({"100.100.100.200", "fd00:ec2::254", "192.0.0.192"})


def check_url(url: str) -> None:
    """Raises `TeacherError` if a URL is invalid or leads to a link-local or metadata address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        shown = _CREDENTIALS.sub("//…@", url)
        raise TeacherError(
            f"The teacher's URL “{shown}” isn't valid. Use one like http://localhost:8000/v1."
        )
    if parts.username or parts.password:
        raise TeacherError(
            f"The teacher's URL ({parts.hostname}) contains a name or password. Remove it and set "
            "TIMBRE_TEACHER_KEY."
        )
    for address in _resolve(parts.hostname, port or 443):
        if address.is_link_local or address.is_multicast or str(address) in _METADATA:
            raise TeacherError(
                f"{parts.hostname} resolves to {address}, a link-local or metadata address, which "
                "can't be a teacher's. Correct the URL."
            )


def _resolve(host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        results = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no host can have
        raise TeacherError(
            f"The host {host} has no address. Check the teacher's URL and the network."
        ) from error
    texts = {str(result[4][0]).split("%")[0] for result in results}
    addresses = [ipaddress.ip_address(text) for text in sorted(texts)]
    return [getattr(address, "ipv4_mapped", None) or address for address in addresses]
