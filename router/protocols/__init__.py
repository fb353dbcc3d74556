"""How clients speak to the router: HTTP, server-sent events, WebSocket, and a page for people."""
