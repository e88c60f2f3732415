"""Sends the log to where others watch it, as it grows: each event at least once, in order.

`forwarder.py` decides when and what; `syslog.py`, `webhook.py` and `splunk.py` each know one wire.
"""
