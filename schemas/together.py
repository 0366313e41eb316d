"""Rules that join several fields of one object: checked, and published in its JSON Schema (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from pydantic import BaseModel, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from schemas.base import Wire


@dataclass(frozen=True, slots=True)
class Together:
    """Of the fields `names` at least `least` and at most `most` stand; null and an empty list do not.

    With `when` (a field and its values) only where that field has one of the values. With `rule` it is a rule
    of the regulation: published here, applied and refused under its own code by the rules of the dossier.
    """

    names: tuple[str, ...]
    least: int = 0
    most: int = 99
    when: tuple[str, tuple[str, ...]] | None = None
    rule: str | None = None

    def check(self, found: BaseModel) -> None:
        """Raise what pydantic reports at the object: `needs` or `exclusive`, with the names."""
        if self.when is not None and getattr(found, self.when[0]) not in self.when[1]:
            return
        count = sum(getattr(found, name) not in _ABSENT for name in self.names)
        if count < self.least:
            raise PydanticCustomError("needs", "one of the fields is needed", {"names": self.names})
        if count > self.most:
            names = (self.when[0], *self.names) if self.when is not None else self.names
            raise PydanticCustomError("exclusive", "the fields do not go together", {"names": names})

    def json_schema(self) -> JsonSchemaValue:
        """The same as a part of `allOf`."""
        stand = [_stands(name) for name in self.names]
        rule: JsonSchemaValue = stand[0] if len(stand) == 1 else {"anyOf": stand}
        if self.most == 0:
            rule = {"not": rule}
        elif self.most == 1 and len(stand) > 1:
            rule = {"oneOf": stand}
        if self.when is not None:
            field, values = self.when
            rule = {"if": {"required": [field], "properties": {field: {"enum": list(values)}}}, "then": rule}
        return {**rule, "$comment": self.rule} if self.rule is not None else rule


_ABSENT = (None, ())


def _stands(name: str) -> JsonSchemaValue:
    return {"required": [name], "properties": {name: {"not": {"enum": [None, []]}}}}


class Ruled(Wire):
    """A value whose fields depend on each other by `rules`."""

    rules: ClassVar[tuple[Together, ...]] = ()

    @model_validator(mode="after")
    def _keeps_rules(self) -> Self:
        for rule in self.rules:
            if rule.rule is None:
                rule.check(self)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Publish the rules as `allOf`."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        schema["allOf"] = [rule.json_schema() for rule in cls.rules]
        return schema
