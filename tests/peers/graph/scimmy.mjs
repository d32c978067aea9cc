// A SCIM server of scimmy under the path that Webex has. Prints its port. The token is in SCIM_TOKEN.
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const users = [];
SCIMMY.Resources.declare(SCIMMY.Resources.User)
    .ingress((resource, data) => {
        users.push({ ...data, id: `${users.length + 1}` });
        return users.at(-1);
    })
    .egress((resource) => (resource.filter ? resource.filter.match(users) : users))
    .degress(() => {});

const app = express();
const handler = (request) => {
    if (request.headers.authorization !== `Bearer ${process.env.SCIM_TOKEN}`) throw new Error("Authorization failure");
    return "entra";
};
app.use("/v1/scim/:org", new SCIMMYRouters({ type: "bearer", docUri: "https://example.com", handler }));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
