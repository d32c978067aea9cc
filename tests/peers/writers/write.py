"""Python's csv and psrpcore write rows in their own forms, and psrpcore reads what the lab wrote.

Arguments: a JSON file of rows, the folder to write to, a CLIXML file of the lab. Prints what was read of that, as JSON.
"""

import csv
import json
import pathlib
import sys

from psrpcore.types import PSCustomObject, PSNoteProperty, deserialize_clixml, serialize_clixml

rows = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
folder = pathlib.Path(sys.argv[2])


def table(name, encoding, **form):
    with open(folder / name, "w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), **form)
        writer.writeheader()
        writer.writerows(rows)


table("excel.csv", "utf-8-sig", dialect="excel")
table("excel-tab.csv", "utf-16", dialect="excel-tab")
table("unix.csv", "utf-8", dialect="unix")
table("semicolon.csv", "utf-16-le", delimiter=";", quoting=csv.QUOTE_NONNUMERIC)

objects = []
for row in rows:
    one = PSCustomObject()
    for name, value in row.items():
        one.PSObject.extended_properties.append(PSNoteProperty(name, value))
    objects.append(one)
text = serialize_clixml(objects, None)
(folder / "psrpcore.clixml").write_text(text, encoding="utf-16")
(folder / "psrpcore-8.clixml").write_text(text, encoding="utf-8")

lab = pathlib.Path(sys.argv[3]).read_bytes()
lab = lab.decode("utf-16" if lab[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
read = deserialize_clixml(lab, None)
read = read if isinstance(read, list) else [read]
print(json.dumps([{"address": str(one.PrimarySmtpAddress), "imap": bool(one.ImapEnabled)} for one in read]))
