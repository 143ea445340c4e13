"""What the user chose and what happened: settings, chats, the ledger."""
