"""Deploys: their gates and their flow."""
