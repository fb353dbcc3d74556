"""What travelers are told: in the app, by mail, by SMS and by web push."""
