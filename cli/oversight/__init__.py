"""`meguri audit` and `meguri notices`: what happened, and what did not reach its reader."""
