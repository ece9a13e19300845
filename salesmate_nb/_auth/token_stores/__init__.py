"""Token stores: where the token of a login is kept, and the lock around its refresh."""
