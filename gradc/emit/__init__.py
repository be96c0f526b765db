"""Programs to C, through templates/.  Nothing is imported here: a warm start needs Source only."""
