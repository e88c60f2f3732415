"""The hospital's CI: a real Buildbot master and worker, and the steps of their builds."""
