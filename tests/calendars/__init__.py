"""Times that recur, and the freezes made of them."""
