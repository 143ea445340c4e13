"""All the work: it knows no window, no plugin host, no settings and no database."""
