"""The vendors Wardroom talks to: one file is one provider of a port."""
