// Node's csv-stringify writes rows in its own forms. Arguments: a JSON file of rows, the folder to write to.
import fs from "node:fs";
import path from "node:path";
import { stringify } from "csv-stringify/sync";

const [file, folder] = process.argv.slice(2);
const rows = JSON.parse(fs.readFileSync(file, "utf8"));
const cast = { boolean: (value) => (value ? "True" : "False") };
const table = (name, options) => fs.writeFileSync(path.join(folder, name), stringify(rows, { header: true, cast, ...options }));

table("node.csv", {});
table("node-mark.csv", { bom: true, quoted: true, record_delimiter: "windows" });
table("node-semicolon.csv", { delimiter: ";", quoted_empty: true });
