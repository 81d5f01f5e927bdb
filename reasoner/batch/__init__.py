"""A million requests: tables of requests in, outcomes and reasons out, chunk by chunk."""
