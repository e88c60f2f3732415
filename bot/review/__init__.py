"""The access review: who may do what, who did, and who never did."""
