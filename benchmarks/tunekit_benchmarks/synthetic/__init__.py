"""The tuning problem ``synthetic``: families of problems by formula whose optimum is known."""
