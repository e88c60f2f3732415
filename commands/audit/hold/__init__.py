"""Legal holds, from chat."""
