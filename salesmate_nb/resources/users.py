"""Users: members of the sales team; every ``owner_id`` refers to one."""

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
"""Field names are those of the v4 reference; it has no search for users, one request returns all of them."""
