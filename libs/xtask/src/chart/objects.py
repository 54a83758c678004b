"""Reads rendered objects and holds them to the schemas of Kubernetes and of other projects' kinds.

Standard input is a JSON object: `texts` (YAML texts by name), `versions` of Kubernetes, `crds`
(files with CustomResourceDefinitions) and `facts` (YAML files to be read beside, such as
values.yaml).
Standard output is one: `objects` (a list by name), `problems` (lines) and `facts`.
"""

import json
import sys
from importlib import resources

import jsonschema
import yaml
from referencing import Registry, Resource

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Kubernetes:
    """The strict schemas of one version."""

    def __init__(self, version):
        root = resources.files("kubernetes_validate") / "kubernetes-json-schema"
        self.version = version
        (self.folder,) = [
            entry for entry in root.iterdir()
            if entry.name.startswith(f"v{version}.") and entry.name.endswith("-local-strict")
        ]
        definitions = json.loads((self.folder / "_definitions.json").read_text())
        self.registry = Resource.from_contents(definitions) @ Registry()
        self.validators = {}

    def validator(self, kind):
        """The validator of (apiVersion, kind); none where Kubernetes has no such kind."""
        if kind not in self.validators:
            group, _, version = kind[0].rpartition("/")
            name = "-".join(filter(None, [kind[1].lower(), group.split(".")[0], version])) + ".json"
            file = self.folder / name
            validator = None
            if file.is_file():
                schema = json.loads(file.read_text())
                registry = Resource.from_contents(schema) @ self.registry
                validator = jsonschema.Draft202012Validator(schema, registry=registry)
            self.validators[kind] = validator
        return self.validators[kind]


def closed(schema):
    """A structural schema as JSON schema that refuses what it does not know."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    names = ("properties", "patternProperties")
    out = {}
    for key, value in schema.items():
        if key in names:
            out[key] = {name: closed(part) for name, part in value.items()}
        elif key in ("items", "additionalProperties", "not"):
            out[key] = closed(value)
        else:
            # Also what must hold beside, of properties that are named above: allOf, anyOf, oneOf.
            out[key] = value
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("x-kubernetes-embedded-resource")
    if "properties" in schema and "additionalProperties" not in schema and not open_ended:
        out["additionalProperties"] = False
    if schema.get("nullable") and isinstance(out.get("type"), str):
        out["type"] = [out["type"], "null"]
    return out


def custom(files):
    """Validators of other projects' kinds, by (apiVersion, kind)."""
    validators = {}
    for file in files:
        with open(file, encoding="utf-8") as text:
            definition = yaml.load(text, Loader=LOADER)
        spec = definition["spec"]
        for version in spec["versions"]:
            if version["served"]:
                schema = closed(version["schema"]["openAPIV3Schema"])
                schema["properties"]["metadata"] = {"type": "object"}
                kind = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                validators[kind] = jsonschema.Draft202012Validator(schema)
    return validators


def errors(validator, thing):
    for error in validator.iter_errors(thing):
        yield f"{'.'.join(map(str, error.absolute_path)) or 'it'}: {error.message}"[:400]


def main():
    asked = json.load(sys.stdin)
    versions = [Kubernetes(version) for version in asked["versions"]]
    others = custom(asked["crds"])
    objects, problems = {}, []
    for name, text in asked["texts"].items():
        objects[name] = [thing for thing in yaml.load_all(text, Loader=LOADER) if thing]
        for thing in objects[name]:
            kind = (thing.get("apiVersion", ""), thing.get("kind", ""))
            what = f"{name}: {kind[1]} {thing.get('metadata', {}).get('name')}"
            known = False
            for kubernetes in versions:
                validator = kubernetes.validator(kind)
                if validator:
                    known = True
                    problems += [f"{what} ({kubernetes.version}): {e}" for e in errors(validator, thing)]
            if kind in others:
                known = True
                problems += [f"{what}: {e}" for e in errors(others[kind], thing)]
            if not known:
                problems.append(f"{what}: no schema knows {kind[0]} {kind[1]}")
    facts = {}
    for file in asked["facts"]:
        with open(file, encoding="utf-8") as text:
            facts[file] = yaml.load(text, Loader=LOADER)
    json.dump({"objects": objects, "problems": problems, "facts": facts}, sys.stdout)


main()
