"""Data about finished pictures: records, measures, tables, plots, contact sheets."""
