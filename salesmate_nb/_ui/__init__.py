"""What a person sees while logging in, and where: notebook, terminal or nowhere."""
