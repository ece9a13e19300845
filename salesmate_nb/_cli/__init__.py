"""What the commands of the command line do, in what words, and where their results go."""
