"""Where settings are read from: arguments, the environment, and the nearest ``.env`` that has some."""
