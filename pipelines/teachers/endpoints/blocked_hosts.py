"""Check that a teacher's URL doesn't point to the metadata service of a cloud provider."""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from pipelines.errors import TeacherError

_CREDENTIALS = re.compile(r"//[^/]*@")
_METADATA = frozenset({"100.100.100.200", "fd00:ec2::254", "192.0.0.192"})


def check_url(url: str) -> None:
    """Raise `TeacherError` if a URL is invalid or points to a link-local or metadata address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        shown = _CREDENTIALS.sub("//…@", url)
        raise TeacherError(
            f"The teacher's URL “{shown}” isn't valid. Use a URL such as http://localhost:8000/v1."
        )
    if parts.username or parts.password:
        raise TeacherError(
            f"The teacher's URL ({parts.hostname}) contains a user name or password. Remove the "
            "credentials, and set TIMBRE_TEACHER_KEY instead."
        )
    for address in _resolve(parts.hostname, port or 443):
        if address.is_link_local or address.is_multicast or str(address) in _METADATA:
            raise TeacherError(
                f"{parts.hostname} resolves to {address}, a link-local or metadata address. "
                "Teachers can't use such addresses, so correct the URL."
            )


def _resolve(host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        results = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: not a valid host name
        raise TeacherError(
            f"The host {host} can't be resolved. Check the teacher's URL and your network "
            "connection."
        ) from error
    texts = {str(result[4][0]).split("%")[0] for result in results}
    addresses = [ipaddress.ip_address(text) for text in sorted(texts)]
    return [getattr(address, "ipv4_mapped", None) or address for address in addresses]
