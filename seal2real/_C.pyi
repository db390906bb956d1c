# The native module checks its own arguments; its names are typed where Python wraps them.
from typing import Any

def __getattr__(name: str) -> Any: ...
