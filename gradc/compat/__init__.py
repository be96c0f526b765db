"""Programs that were written for other libraries, run on gradc; nothing here is loaded unasked."""
