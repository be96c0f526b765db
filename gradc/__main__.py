"""`python -m gradc`: the command `gradc` of this interpreter."""

import sys

from gradc.cli import main

sys.exit(main())
