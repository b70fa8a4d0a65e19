"""Every error of the project, in one hierarchy.

Messages meant for users (`OkoError` and below) are Russian and say what is wrong, where, what was expected and how to
mend it. A broken invariant of our own code is a plain `AssertionError`-like bug and does not belong here.
"""


class OkoError(Exception):
    """Something a user can mend; the text is Russian and ready to be shown."""


class SettingsError(OkoError):
    """A setting is missing, malformed or contradicts another one."""


class CatalogueError(OkoError):
    """The catalogue's data are faulty; the text lists every fault with file, line and field."""


class UnreadableFileError(OkoError):
    """A file could not be read at all: it is damaged, encrypted, dangerous or not a workbook.

    "Could not read" is not "is empty": an empty but sound file yields no rows and no error.

    Args:
        rule_id: the rule of the quality catalogue that the file breaks, e.g. `file.encrypted`.
        message: Russian text for the user.
    """

    def __init__(self, rule_id: str, message: str) -> None:
        super().__init__(message)
        self.rule_id = rule_id


class WorkersError(OkoError):
    """The work cannot be done by workers: a cluster is out of reach or of another version, a task kills its worker."""


class StorageError(OkoError):
    """A store cannot be opened, is of another schema version, or refuses a slice."""


class ContractError(OkoError):
    """A frame breaks the contract of its table: columns, types, nulls, keys."""


class TemplateError(OkoError):
    """A document template lacks a tag, has an unknown one or does not open."""


class BlockedYearError(OkoError):
    """A school year is blocked by its data; `page` is the readable explanation."""

    def __init__(self, message: str, page: str) -> None:
        super().__init__(message)
        self.page = page
