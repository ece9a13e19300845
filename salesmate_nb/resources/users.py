"""Users: the colleagues; every ``owner_id`` is the id of one."""

from salesmate_nb.resources.base import standard_field

USERS_PATH = "apis/core/v4/users"
USER_FIELDS = (
    standard_field("id", "int"),
    standard_field("firstName", "string"),
    standard_field("lastName", "string"),
    standard_field("email", "string"),
    standard_field("isActive", "bool"),
    standard_field("role.id", "int"),
    standard_field("role.name", "category"),
)
"""Names from the v4 reference, which has no search of users: one call gives all."""
