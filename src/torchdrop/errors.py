"""Every error that torchdrop raises on purpose, as one tree.

```
TorchdropError
├── SettingError (ValueError)          an argument or option out of its range
├── DataError (ValueError)             data that cannot be read or learned from
├── ModelError (ValueError)            a model that does not fit the data or the task
├── ModeError (RuntimeError)           a mode that does not hold, or that another thread needs
├── RunDirectoryError (OSError)        a run directory that exists, is missing or is not one of ours
├── SickDropoutError (AssertionError)  a dropout that fails the health check
└── AuditError (AssertionError)        code or a model that an audit finds mistakes in
```

A message is one sentence: what it is, what came, what to do next.
"""

from __future__ import annotations


class TorchdropError(Exception):
    """Base of all errors that torchdrop raises on purpose."""


class SettingError(TorchdropError, ValueError):
    """An argument or option lies outside its range."""


class DataError(TorchdropError, ValueError):
    """Data cannot be read, or nothing can be learned from it."""


class ModelError(TorchdropError, ValueError):
    """A model cannot be built, or does not fit the data or the task."""


class ModeError(TorchdropError, RuntimeError):
    """A mode does not hold, or would be taken from another thread that needs it."""


class RunDirectoryError(TorchdropError, OSError):
    """A run directory exists already, is missing, or was not written by torchdrop."""


class SickDropoutError(TorchdropError, AssertionError):
    """A dropout fails the health check; the message is the report."""


class AuditError(TorchdropError, AssertionError):
    """An audit has found mistakes; the message names them."""
