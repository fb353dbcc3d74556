"""The ways out: mail, SMS and web push, behind one port."""
