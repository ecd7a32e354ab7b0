"""The files that make up the program of a trial."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from tunekit.sources.collected import Collected, Sources
from tunekit.sources.command import PYTHONPATH, Named, read_command
from tunekit.sources.content import absolute, is_file
from tunekit.sources.editable import Editable, editable_projects
from tunekit.sources.imports import Import, imports_of, read_imports
from tunekit.sources.installed import is_installed, is_installed_program
from tunekit.sources.listed import listed
from tunekit.sources.modules import ImportPath, import_path, imported, names_of, package_root
from tunekit_core.contracts.benchmarks import Script
from tunekit_core.portable.script_command import placeholders_of, plain_word

PYTHON_FILES = (".py", ".pyw")


@attrs.frozen
class Program:
    """Something that a command runs, or that belongs to it.

    Attributes:
        files: Path of each of its files, and what the name of that is relative to.
        imports: What it imports itself.
        import_path: Where that is looked for.
        is_absolute: Whether it is the same from whatever folder the command runs in.
    """

    files: Sequence[tuple[str, str]]
    imports: Sequence[Import]
    import_path: ImportPath
    is_absolute: bool


def sources_of(
    script: Script, *, environment: Mapping[str, str] | None = None, results_dir: Path | None = None
) -> Sources:
    """The files that make up a program: those that its command names, and the local modules that they import.

    Everything is found by reading, nothing is run. Counted are

    * each file that a word of the command names, also behind ``=``: the program, files of options, an image. What lies
      in a folder of the system or of an installation of Python is not: interpreters, console scripts;
    * modules of ``-m``, and what these, files of Python and the code of ``-c`` import anywhere in them, from the folder
      of the program, from ``PYTHONPATH``, or from projects that are installed where they are worked on. What is else
      installed is not, nor what only running tells: computed names, changes of ``sys.path``, other programs that are
      started.

    Where the script says what its sources are, those are counted instead. Files that placeholders of the command name,
    as in ``{yaml:base.yaml}``, are counted in any case.

    Args:
        script: The program.
        environment: The variables that trials inherit; those of this process unless given.
        results_dir: Where results go: nothing in it is a source, though a folder that the script names may hold it.

    Raises:
        ConfigurationError: If the script names sources that do not exist, or there are more than 10,000 files.
    """
    here = os.path.abspath(script.folder or "")
    home = None if script.folder is None else here
    templates = [placeholder.file for placeholder in placeholders_of(script.command) if placeholder.file]
    if script.sources is not None:
        paths = [*script.sources, *map(Path, templates)]
        are_absolute = all(path.is_absolute() for path in paths)
        return listed(paths, here, home if are_absolute else here, results_dir)
    named = read_command([plain_word(word) or word for word in script.command])
    named.words.extend(templates)
    variables = {**(os.environ if environment is None else environment), **script.environment}
    added = list(_python_path([*named.python_path, variables.get(PYTHONPATH, "")], here))
    shared = editable_projects(named.programs, here, variables.get("PATH")).after(added)
    programs = [
        program
        for folder in dict.fromkeys([here, *(absolute(folder, here) for folder in named.folders)])
        for program in (*_files(named, folder, shared), *_without_file(named, import_path(folder, shared)))
    ]
    if not all(program.is_absolute for program in programs):
        home = here
    collected = Collected(home)
    for program in programs:
        for path, root in program.files:
            collected.add(path, root)
    for program in programs:
        for file in imported(program.imports, program.import_path):
            collected.add(file.path, file.root)
    for archive in added:  # folders are none
        if not is_installed(archive):
            collected.add(archive, os.path.dirname(archive))
    return collected.sources()


def _python_path(values: Iterable[str], here: str) -> Iterator[str]:
    """The folders that ``PYTHONPATH`` names."""
    for value in values:
        if value:
            yield from (absolute(entry, here) for entry in value.split(os.pathsep))


def _files(named: Named, here: str, shared: Editable) -> Iterator[Program]:
    """What the words of a command name."""
    for word in dict.fromkeys(named.words):
        path = absolute(word, here)
        is_script = word in named.scripts
        if is_script and os.path.isdir(path):  # Python runs the module __main__ in it
            yield _module("__main__", import_path(path, shared), os.path.isabs(word))
        if not is_file(path) or is_installed_program(path):
            continue
        is_python = is_script or path.endswith(PYTHON_FILES) or _begins_with_python(path)
        yield Program(
            [(path, package_root(os.path.dirname(path)))],
            imports_of(path).imports if is_python else (),
            import_path(os.path.dirname(os.path.realpath(path)), shared),
            os.path.isabs(word),
        )


def _without_file(named: Named, path: ImportPath) -> Iterator[Program]:
    """The modules, and the code in the command itself."""
    for module in named.modules:
        yield _module(f"{module}.__main__", path, False)  # if it is a package; what is above is imported in any case
    for code in named.code:
        yield Program((), read_imports(code).imports, path, False)


def _module(name: str, path: ImportPath, is_absolute: bool) -> Program:
    names = list(names_of(Import(name), "", path))
    found = path.find(names[-1]) if names else None
    files = found.files if found is not None else ()
    return Program([(file.path, file.root) for file in files], (Import(name),), path, is_absolute)


def _begins_with_python(path: str) -> bool:
    """Whether the first line says that Python runs the file."""
    try:
        with open(path, "rb") as file:
            line = file.readline(100)
    except OSError:
        return False
    return line.startswith(b"#!") and b"python" in line
