"""Programs run by hand to make what tests read; they need libraries that the tests do not."""
