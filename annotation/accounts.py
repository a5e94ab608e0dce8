"""Who may review: users with roles and generated passwords, and the workspace they share."""

import secrets
from dataclasses import dataclass
from enum import StrEnum

from annotation.connection import Connection, connect, workspace_id
from annotation.errors import AnnotationError
from annotation.html_text import check_name


class UserRole(StrEnum):
    """What a user of Argilla may do."""

    ANNOTATOR = "annotator"
    ADMIN = "admin"
    OWNER = "owner"


@dataclass(frozen=True)
class Account:
    """A user; the password is known only of one that was just made, and otherwise empty."""

    name: str
    role: UserRole
    api_key: str
    password: str = ""


def add_workspace(connection: Connection) -> bool:
    """Make the connection's workspace.

    Args:
        connection: The server, as its owner.

    Returns:
        Whether it was made; False where it is there already.

    Raises:
        AnnotationError: if the connection is not an owner's.
    """
    check_name("workspace", connection.workspace)
    with connect(connection, workspace=False) as server:
        names = {item["name"] for item in server.get("me/workspaces")["items"]}
        if connection.workspace in names:
            return False
        server.post("workspaces", {"name": connection.workspace})
        return True


def add_user(
    connection: Connection,
    name: str,
    role: UserRole = UserRole.ANNOTATOR,
    password: str | None = None,
) -> Account:
    """Make a user in the connection's workspace, or find the one of that name and add it.

    Args:
        connection: The server, as its owner.
        name: The user's name.
        role: What the user may do.
        password: At least 8 characters; None generates one.

    Returns:
        The account, with its password if it is new.

    Raises:
        AnnotationError: if there is a user of that name with another role, the password is too
            short, or the connection is not an owner's.
    """
    check_name("user", name)
    if password is not None and len(password) < 8:
        raise AnnotationError(
            f"found a password of {len(password)} characters, expected at least 8; choose a "
            "longer one or let one be generated"
        )
    with connect(connection) as server:
        there = {user["username"]: user for user in server.get("users")["items"]}
        if name in there:
            user, password = there[name], ""
            _check_role(name, user["role"], role)
        else:
            password = password or secrets.token_urlsafe(15)
            user = server.post(
                "users",
                {"username": name, "first_name": name, "role": role.value, "password": password},
            )
        members = f"workspaces/{workspace_id(server)}/users"
        if user["id"] not in {member["id"] for member in server.get(members)["items"]}:
            server.post(members, {"user_id": user["id"]})
        return Account(name, role, str(user["api_key"]), password)


def list_users(connection: Connection) -> list[Account]:
    """Everybody in the connection's workspace.

    Args:
        connection: The server, as its owner or an admin.

    Returns:
        Their accounts, without passwords.

    Raises:
        AnnotationError: if the connection is neither an owner's nor an admin's.
    """
    with connect(connection) as server:
        users = server.get(f"workspaces/{workspace_id(server)}/users")["items"]
    return [Account(u["username"], UserRole(u["role"]), str(u["api_key"])) for u in users]


def _check_role(name: str, found: str, expected: UserRole) -> None:
    if found != expected:
        raise AnnotationError(
            f"found a user “{name}” who is {found}, expected {expected}; choose another name or "
            "name the role it has"
        )
