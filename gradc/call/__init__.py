"""Compiled functions as users hold them: arguments in, arrays out, errors in the user's words."""
