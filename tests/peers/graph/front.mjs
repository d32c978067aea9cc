// TLS in front of a server that speaks plain HTTP: prints its port, then one line for each request, method and path.
// Arguments: key, certificate, the port behind it; a prefix of the path and what takes its place; headers as NAME:VALUE.
// In place of the path "!STATUS TYPE": the front answers itself, as a device or a limit in front of a server does.
import fs from "node:fs";
import http from "node:http";
import https from "node:https";

const [key, cert, port, prefix, instead, ...headers] = process.argv.slice(2);
const added = Object.fromEntries(headers.map((header) => header.split(/:(.*)/s).slice(0, 2)));

const front = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (request, response) => {
    console.log(`${request.method} ${request.url}`);
    const path = prefix && request.url.startsWith(prefix) ? instead + request.url.slice(prefix.length) : request.url;
    const [, status, type] = instead?.match(/^!(\d+) (.+)$/) ?? [];
    if (status) {
        response.writeHead(Number(status), { "content-type": type, "retry-after": "1" });
        return response.end(type === "text/html" ? "<!doctype html><title>Sign in to continue</title>" : "{}");
    }
    const options = { port, host: "127.0.0.1", path, method: request.method, headers: { ...request.headers, ...added } };
    const behind = http.request(options, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
    });
    behind.on("error", () => response.writeHead(502).end());
    request.pipe(behind);
});
front.listen(0, "127.0.0.1", () => console.log(front.address().port));
