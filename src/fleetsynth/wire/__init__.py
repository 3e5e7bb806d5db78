"""Bytes on the wire, as pure functions: protobuf, snappy, and what Prometheus makes of both."""
