"""Lia, the assistant: conversations, tools, engines."""
