"""Users: the colleagues; every ``owner_id`` is the id of one."""

from salesmate_nb.schema import standard

USERS_PATH = "apis/core/v4/users"
USER_FIELDS = (
    standard("id", "int"),
    standard("firstName", "text"),
    standard("lastName", "text"),
    standard("email", "text"),
    standard("isActive", "flag"),
    standard("role.id", "int"),
    standard("role.name", "category"),
)
"""Names from the v4 reference, which has no search of users: one call gives all."""
