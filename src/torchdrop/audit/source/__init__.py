"""Source code as rules see it: read and resolved, never imported or run."""

from ._arguments import Argument as Argument
from ._arguments import argument as argument
from ._classes import ClassInfo as ClassInfo
from ._classes import Held as Held
from ._classes import attribute_of_self as attribute_of_self
from ._classes import class_of as class_of
from ._classes import find_class as find_class
from ._classes import find_function as find_function
from ._classes import self_name as self_name
from ._comments import Silence as Silence
from ._comments import read_silence as read_silence
from ._file import Callee as Callee
from ._file import Function as Function
from ._file import SourceFile as SourceFile
from ._mode import Tie as Tie
from ._mode import guarded as guarded
from ._mode import mentions_mode as mentions_mode
from ._mode import tie_of as tie_of
from ._project import Project as Project
from ._reading import Unreadable as Unreadable
from ._reading import find_files as find_files
from ._reading import module_name as module_name
from ._reading import read as read
from ._scopes import Binding as Binding
from ._scopes import Scope as Scope
from ._scopes import parameters as parameters
