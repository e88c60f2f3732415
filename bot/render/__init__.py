"""Draws a Reply for one surface; every platform limit is kept here, and nowhere else."""
