"""Create and list Argilla users, and create the workspace that they share."""

import secrets
from dataclasses import dataclass
from enum import StrEnum

from annotation.argilla.connection import Connection, connect, workspace_id
from annotation.argilla.html_text import check_name
from annotation.errors import AnnotationError


class UserRole(StrEnum):
    """The role of an Argilla user, which determines their permissions."""

    ANNOTATOR = "annotator"
    ADMIN = "admin"
    OWNER = "owner"


@dataclass(frozen=True)
class Account:
    """An Argilla user; `password` is empty unless the user was just created."""

    name: str
    role: UserRole
    api_key: str
    password: str = ""


def add_workspace(connection: Connection) -> bool:
    """Create the workspace named in the connection, or return False if it already exists.

    Raises `AnnotationError` if the connected user isn't an owner.
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
    """Create an Argilla user if the name is new, and add the user to the workspace.

    A password needs at least 8 characters. If `password` is None, a password is generated. The
    returned account contains a password only if the user is new.

    Raises `AnnotationError` if the user exists with another role, the name contains HTML, the
    password is too short, or the connected user isn't an owner.
    """
    check_name("user", name)
    if password is not None and len(password) < 8:
        raise AnnotationError(
            f"The password has {len(password)} characters, but needs at least 8. Choose a longer "
            "one, or omit it to generate one."
        )
    with connect(connection) as server:
        users = {user["username"]: user for user in server.get("users")["items"]}
        if user := users.get(name):
            password = ""
            if user["role"] != role:
                raise AnnotationError(
                    f"The user “{name}” already exists with the role {user['role']} instead of "
                    f"{role}. Choose another name, or use the existing role."
                )
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
    """List the users of the connection's workspace, without their passwords.

    Raises `AnnotationError` if the connected user is neither an owner nor an admin.
    """
    with connect(connection) as server:
        users = server.get(f"workspaces/{workspace_id(server)}/users")["items"]
    return [Account(u["username"], UserRole(u["role"]), str(u["api_key"])) for u in users]
