"""Form sets: which template serves which purpose, and how codes are worded; refused whole if wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from hub.forms.errors import FormError
from hub.regulation.errors import ProfileError
from hub.regulation.pins import pinned_files
from hub.regulation.profile import Profile
from hub.regulation.sections import Form, FormKind
from hub.regulation.toml_text import load_toml

_SET = "set.toml"


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class _Words:
    """Of each list of codes; a code without a word is refused when it is needed."""

    return_channel: Mapping[str, str]
    basis: Mapping[str, str]
    unit: Mapping[str, str]
    reason: Mapping[str, str]
    outcome: Mapping[str, str]
    holder: Mapping[str, str]
    copies: Mapping[str, str]


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class _Declared:
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    version: Annotated[int, Field(ge=1)]
    decision: str
    profiles: tuple[str, ...]
    templates: Mapping[FormKind, str]
    words: _Words
    assumed: Mapping[FormKind, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FormSet:
    """One version of the forms; `files` are its templates by name.

    `assumed` says of a form whose text nobody has read what stands on it.
    """

    ref: str
    decision: str
    profiles: tuple[str, ...]
    templates: Mapping[FormKind, str]
    words: _Words
    files: Mapping[str, bytes]
    assumed: Mapping[FormKind, str] = field(default_factory=dict)

    def template(self, form: Form) -> str:
        """The name of the form's template; `FormError` when there is none."""
        try:
            return self.templates[form.kind]
        except KeyError:
            raise FormError(f"{self.ref} has no template for form {form.number}") from None


def set_of(sets: Mapping[str, FormSet], profile: Profile) -> FormSet:
    """The form set of a profile; `FormError` for a profile that none serves, such as one of a site's own."""
    try:
        return sets[profile.ref]
    except KeyError:
        raise FormError(f"no form set serves {profile.ref} (`profiles` in its set.toml)") from None


def form_of(profile: Profile, number: str) -> Form:
    """The form of this number; `FormError` names those that there are."""
    for form in profile.forms:
        if form.number == number:
            return form
    known = ", ".join(form.number for form in profile.forms)
    raise FormError(f"{profile.ref} has no form {number}, it has {known}")


def read_form_sets(folder: Traversable) -> Mapping[str, FormSet]:
    """The form sets of a folder by profile; raises `FormError` with file and key for what is wrong."""
    try:
        found = pinned_files(folder)
    except ProfileError as error:
        raise FormError(f"forms: {error}") from error
    by_profile: dict[str, FormSet] = {}
    for path in sorted(path for path in found if path.endswith(f"/{_SET}")):
        one = _read(path, found)
        for profile in one.profiles:
            if profile in by_profile:
                raise FormError(f"{path}: profiles: {profile} has {by_profile[profile].ref} already")
            by_profile[profile] = one
    return by_profile


@cache
def installed_form_sets() -> Mapping[str, FormSet]:
    """Those that come with the hub, by profile."""
    return read_form_sets(files("hub.forms.sets"))


def _read(path: str, found: Mapping[str, bytes]) -> FormSet:
    folder = path.removesuffix(_SET)
    try:
        declared = TypeAdapter(_Declared).validate_python(load_toml(found[path].decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormError(f"{path}: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise FormError(f"{path}: {wrong}") from error
    templates = {name.removeprefix(folder): text for name, text in found.items() if name.startswith(folder)}
    for kind, name in declared.templates.items():
        if name not in templates:
            raise FormError(f"{path}: templates.{kind}: there is no {folder}{name}")
    ref = f"{declared.id}@{declared.version}"
    if folder != f"{ref}/":
        raise FormError(f"{path}: id and version say {ref}, the folder does not")
    return FormSet(
        ref, declared.decision, declared.profiles, declared.templates, declared.words, templates,
        declared.assumed,
    )  # fmt: skip
