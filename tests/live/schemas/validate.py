"""Validates reports: validate.py SCHEMAS FOLDER. A file's ending is the name of its format.

The official schemas are those that .ci/run brought to SCHEMAS. GitLab's own may be missing there, for no package has
it: what it requires is written down beside this file too, stricter than it is, and both are asked.
"""

import json
import pathlib
import re
import sys

import jsonschema
from lxml import etree

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent


def json_schema(*paths):
    validators = [validator(path) for path in paths]

    def errors(text):
        document = json.loads(text)
        return [f"{error.json_path}: {error.message}" for each in validators for error in each.iter_errors(document)]

    return errors


def validator(path):
    schema = json.loads(path.read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


def xml_schema(path):
    schema = etree.XMLSchema(etree.parse(str(path)))

    def errors(text):
        document = etree.fromstring(text.encode("utf-8"))
        # GitLab's own addition, from which it links the file.
        for case in document.iter("testcase"):
            case.attrib.pop("file", None)
        schema.validate(document)
        return [f"line {error.line}: {error.message}" for error in schema.error_log]

    return errors


def github(text):
    command = re.compile(r"::(error|warning|notice)( [^:\r\n]+)?::[^\r\n]+\n")
    rest = command.sub("", text)
    return [f"not a workflow command: {rest!r}"] if rest else []


def main():
    schemas, folder = map(pathlib.Path, sys.argv[1:])
    official = schemas / "gitlab-secret-detection-official.json"
    secret_detection = [HERE / "gitlab-secret-detection.json"] + [official] * official.exists()
    formats = {
        ".sarif": json_schema(schemas / "sarif-2.1.0.json"),
        ".junit": xml_schema(schemas / "junit-10.xsd"),
        ".gitlab-secret-detection": json_schema(*secret_detection),
        ".gitlab-codequality": json_schema(HERE / "gitlab-codequality.json"),
        ".json": json_schema(ROOT / "docs/audit/report.schema.json"),
        ".github": github,
        ".plain": lambda text: [],
    }
    seen = {}
    failed = 0
    for path in sorted(folder.iterdir()):
        if path.suffix not in formats:
            sys.exit(f"{path.name} has the ending of no format")
        seen[path.suffix] = seen.get(path.suffix, 0) + 1
        with open(path, encoding="utf-8", newline="") as file:
            for error in formats[path.suffix](file.read()):
                failed += 1
                print(f"{path.name}: {error}")
    missing = sorted(set(formats) - set(seen))
    if missing:
        sys.exit(f"no report of the formats {', '.join(missing)}")
    if failed:
        sys.exit(f"{failed} errors")
    print(", ".join(f"{number} {ending[1:]}" for ending, number in sorted(seen.items())))


main()
