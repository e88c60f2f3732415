"""Deploys: ask for one, follow it, look back, settle an unknown one."""
