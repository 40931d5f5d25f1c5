"""Holds objects to Kubernetes' own schemas, strictly, with nothing but what the package kubernetes-validate has inside.

Reads {"versions": [...], "objects": [...]} and writes a list of [version, number of the object, complaint]; the complaint is
null where that version of Kubernetes does not know the object's kind.
"""

import functools
import json
import sys

from kubernetes_validate import utils

# All objects of a version share its definitions.
utils.schema_contents = functools.lru_cache(maxsize=None)(utils.schema_contents)


def judge(version, number, thing):
    try:
        # the package takes an older version's schemas where it has none
        validated = utils.validate(thing, version, strict=True)
        if validated != version:
            yield version, number, f"there are no schemas for {version}, only for {validated}"
    except utils.SchemaNotFoundError:
        yield version, number, None
    except utils.ValidationError as error:
        place = ".".join(str(part) for part in error.path)
        yield version, number, f"{place}: {error.message}"


def main():
    asked = json.load(sys.stdin)
    answer = []
    for version in asked["versions"]:
        for number, thing in enumerate(asked["objects"]):
            answer.extend(judge(version, number, thing))
    json.dump(answer, sys.stdout)


main()
