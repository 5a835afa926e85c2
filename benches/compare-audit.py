#!/usr/bin/env python3
"""Compares what programs found in the corpus of fake credentials with its truth, and prints tables.

    compare-audit.py TRUTH OURS GITLEAKS KINGFISHER

Ours counts what decides the exit code: at least `likely`, and for a credential only a check that is meant for it, or, in the
`data` of a Secret, the check for Secrets. The other programs count with every finding, whatever rule it comes from, if it
covers a line of the credential.
"""

import collections
import json
import sys


def relative(path):
    return path.split("files/", 1)[1] if "files/" in path else path


def ours(report):
    for finding in report["findings"]:
        if finding["confidence"] == "possible" or finding["severity"] == "info" or not finding["path"]:
            continue
        line = finding["line"] or 1
        yield relative(finding["path"]), line, finding.get("end_line") or line, finding["check"]


def gitleaks(report):
    for finding in report:
        yield relative(finding["File"]), finding["StartLine"], finding["EndLine"], None


def kingfisher(report):
    for entry in report["findings"]:
        finding = entry["finding"]
        line = finding["line"]
        yield relative(finding["path"]), line, line + finding["snippet"].count("\n"), None


class Program:
    def __init__(self, name, findings):
        self.name = name
        self.by_path = collections.defaultdict(list)
        for path, first, last, check in findings:
            self.by_path[path].append((first, last, check))

    def finds(self, path, first, last, checks):
        for start, end, check in self.by_path[path]:
            if start <= last and end >= first and (check is None or check in checks):
                return True
        return False

    def reports(self, path):
        return len(self.by_path[path])


def main():
    truth_file, *reports = sys.argv[1:]
    readers = [("secrets", ours), ("gitleaks", gitleaks), ("kingfisher", kingfisher)]
    programs = []
    for (name, reader), file in zip(readers, reports):
        with open(file, encoding="utf-8", errors="replace") as stream:
            programs.append(Program(name, reader(json.load(stream))))

    total = collections.Counter()
    found = collections.defaultdict(collections.Counter)
    harmless = collections.Counter()
    reported = collections.defaultdict(collections.Counter)
    with open(truth_file, encoding="utf-8") as stream:
        for row in stream:
            path, kind, encoding, first, last, checks = row.rstrip("\n").split("\t")
            if encoding == "decoy":
                harmless[kind] += 1
                for program in programs:
                    reported[program.name][kind] += bool(program.reports(path))
                continue
            keys = [("kind", kind), ("encoding", encoding), ("all", "all")]
            for key in keys:
                total[key] += 1
            for program in programs:
                meant = checks.split(",") + (["SEC003"] if encoding == "secret-data" else [])
                if program.finds(path, int(first), int(last), meant):
                    for key in keys:
                        found[program.name][key] += 1

    names = [program.name for program in programs]

    def table(title, rows, of, numbers):
        print(f"\n| {title} | of | " + " | ".join(names) + " |")
        print("|---|---:|" + "---:|" * len(names))
        for row in rows:
            cells = [str(numbers[name][row]) for name in names]
            label = row[1] if isinstance(row, tuple) else row
            print(f"| {label} | {of[row]} | " + " | ".join(cells) + " |")

    for group, title in [("encoding", "found by encoding"), ("kind", "found by kind")]:
        table(title, [key for key in total if key[0] == group], total, found)
    table("harmless files reported", harmless, harmless, reported)

    print("\n| | " + " | ".join(names) + " |\n|---|" + "---:|" * len(names))
    count, files = total[("all", "all")], sum(harmless.values())
    recall, precision = [], []
    for name in names:
        hits, false = found[name][("all", "all")], sum(reported[name].values())
        recall.append(f"{hits / count:.3f} ({hits} of {count})")
        precision.append(f"{hits / max(1, hits + false):.3f} ({false} of {files} harmless files reported)")
    print("| recall | " + " | ".join(recall) + " |")
    print("| precision | " + " | ".join(precision) + " |")


if __name__ == "__main__":
    main()
