"""Number formats: how weights lie in bytes, and how to encode and decode them."""
