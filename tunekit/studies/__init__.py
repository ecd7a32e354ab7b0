"""Many experiments together: collected, grouped, compared, with statistics, tables and figures."""
