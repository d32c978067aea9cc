"""What programs of other people make of a report: machine.py KIND FILE

junit: the schema of the Jenkins xUnit plugin (in the source archive of pytest) and junitparser.
prometheus: the parser of prometheus_client. Prints what they read, as JSON.
"""
import json
import pathlib
import sys

kind, file = sys.argv[1:]
text = pathlib.Path(file).read_text(encoding="utf-8")
if kind == "junit":
    from junitparser import Error, Failure, JUnitXml, Skipped
    from lxml import etree

    schema = etree.XMLSchema(etree.parse(str(next(pathlib.Path("jenkins").rglob("junit*.xsd")))))
    schema.assertValid(etree.fromstring(text.encode()))
    cases = [case for suite in JUnitXml.fromfile(file) for case in suite]
    count = lambda sort: sum(any(isinstance(one, sort) for one in case.result) for case in cases)
    print(json.dumps({"tests": len(cases), "fail": count(Failure), "error": count(Error), "skip": count(Skipped)}))
else:
    from prometheus_client.parser import text_string_to_metric_families

    read = {}
    for family in text_string_to_metric_families(text):
        read[family.name] = [[sample.labels, sample.value] for sample in family.samples]
    print(json.dumps(read))
