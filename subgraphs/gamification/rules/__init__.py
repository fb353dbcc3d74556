"""The rules of the game as data and pure functions: no database, no broker, no clock but the one that is passed in."""
