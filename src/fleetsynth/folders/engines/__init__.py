"""Where parts are made: one small protocol, one module per kind of place."""
