"""The use cases of the users domain. Each runs in a session that its caller opened, and none commits."""

from subgraphs.users.service.importing import ImportedUser, ImportReport, import_users

__all__ = ["ImportReport", "ImportedUser", "import_users"]
