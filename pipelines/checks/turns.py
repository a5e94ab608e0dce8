"""Check that the user and the assistant take turns, starting with the user."""

from db.records import Role
from pipelines.checks.check import CheckInput, Failure


def check_turns(item: CheckInput) -> Failure | None:
    """Reject a chat whose turns don't alternate. System messages are ignored."""
    roles = [m.role for m in item.candidate.messages if m.role is not Role.SYSTEM]
    if roles == [Role.USER, Role.ASSISTANT] * (len(roles) // 2):
        return None
    if Role.ASSISTANT not in roles:
        return Failure("turns", "there is no answer")
    return Failure("turns", f"{', '.join(roles)}; the user and the assistant must take turns")
