// Microsoft's Graph client against a server on loopback that has the true name: prints what it read, as one JSON object.
// Arguments: the port on loopback, the file of the CA. The token is in GRAPH_TOKEN.
import fs from "node:fs";
import { Client, PageIterator } from "@microsoft/microsoft-graph-client";
import { Agent, buildConnector, fetch } from "undici";

const [port, ca] = process.argv.slice(2);
const connector = buildConnector({ ca: fs.readFileSync(ca), timeout: 10000 });
const dispatcher = new Agent({
    connect: (options, done) => connector({ ...options, hostname: "127.0.0.1", port, servername: options.hostname }, done),
});
globalThis.fetch = (url, options) => fetch(url, { ...options, dispatcher });

const client = Client.init({ authProvider: (done) => done(null, process.env.GRAPH_TOKEN) });
const broken = Client.init({ authProvider: (done) => done(null, "not-a-token") });

async function all(path) {
    const found = [];
    const first = await client.api(path).top(2).get();
    await new PageIterator(client, first, (one) => found.push(one)).iterate();
    return found;
}

async function refused(from, path) {
    try {
        await from.api(path).get();
        return null;
    } catch (error) {
        return { status: error.statusCode, code: error.code, body: JSON.parse(error.body ?? "null") };
    }
}

const app = process.env.CLIENT_ID;
const principal = await client.api("/servicePrincipals").filter(`appId eq '${app}'`).select("id,displayName").get();
const id = principal.value[0].id;
console.log(JSON.stringify({
    users: await all("/users"),
    application: await client.api(`/applications(appId='${app}')`).select(["appId", "web"]).get(),
    principal: principal.value,
    grants: (await client.api("/oauth2PermissionGrants").filter(`clientId eq '${id}'`).get()).value,
    signIns: (await client.api("/auditLogs/signIns").version("beta").orderby("createdDateTime desc").top(1).get()).value,
    missing: await refused(client, "/users/none@example.com"),
    unauthorized: await refused(broken, "/users"),
}));
