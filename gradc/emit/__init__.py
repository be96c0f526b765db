"""Programs to C, through templates/."""
