// A certified OpenID provider in Entra's place: node provider.mjs CERTIFICATE KEY APPLICATION
//
// Prints its port and, signed with its own key, tokens that no mail server should take; ends with standard input. Paths
// may begin as Entra's do. APPLICATION is the certificate that an application is registered with.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

const mail = 'https://outlook.office.com';
const graph = 'https://graph.microsoft.com';
const user = { upn: 'sales@contoso.example', scp: 'IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send' };
const [cert, key, application] = process.argv.slice(2).map((file) => readFileSync(file));
const own = await generateKeyPair('RS256');
const server = createServer({ cert, key });
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const issuer = `https://localhost:${port}`;
  const provider = new Provider(issuer, configuration(await exportJWK(own.privateKey)));
  const answer = provider.callback();
  server.on('request', (request, response) => {
    // The token endpoint's own address is the audience of assertions; only Entra knows the prompt select_account.
    if (request.url.endsWith('/oauth2/v2.0/token')) request.originalUrl = request.url;
    request.url = request.url.replace(/^\/contoso\.example\/(oauth2\/)?v2\.0\//, '/').replace('prompt=select_account', 'prompt=consent');
    answer(request, response);
  });
  console.log(JSON.stringify({ port, tokens: await tokens(issuer) }));
});
process.stdin.on('end', () => process.exit()).resume();

// A good token, and others that differ from it in one thing.
async function tokens(issuer) {
  const now = Math.floor(Date.now() / 1000);
  const stranger = await generateKeyPair('RS256');
  const token = (claims, signer = own) => new SignJWT({ aud: mail, iss: issuer, iat: now - 60, nbf: now - 60, exp: now + 4500, ...user, ...claims })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .sign(signer.privateKey);
  return {
    good: await token({}),
    expired: await token({ iat: now - 9000, nbf: now - 9000, exp: now - 4500 }),
    forGraph: await token({ aud: 'https://graph.microsoft.com' }),
    ofAnother: await token({ upn: 'boss@contoso.example' }),
    ofAnotherProvider: await token({}, stranger),
  };
}

function configuration(key) {
  const scopes = ['IMAP.AccessAsUser.All', 'POP.AccessAsUser.All', 'SMTP.Send'].map((scope) => `${mail}/${scope}`);
  const client = {
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    redirect_uris: ['http://localhost/'],
    response_types: ['code'],
  };
  const certified = { ...createPublicKey(application).export({ format: 'jwk' }), use: 'sig', alg: 'PS256' };
  const read = ['User', 'Application', 'Directory', 'AuditLog', 'Synchronization'].map((name) => `${name}.Read.All`);
  const isOfGraph = (token) => [token.aud, token.resourceServer?.audience].includes(graph);
  const ofUser = (token) => ({ ...user, upn: token.accountId, ...(isOfGraph(token) && { scp: read.join(' ') }) });
  const resources = {
    [mail]: { scope: scopes.join(' '), audience: mail },
    [graph]: { scope: read.map((scope) => `${graph}/${scope}`).join(' '), audience: graph },
  };
  const ofApplication = { idtyp: 'app', roles: ['IMAP.AccessAsApp', 'POP.AccessAsApp', 'SMTP.SendAsApp'] };
  return {
    clients: [
      { ...client, client_id: '6f1d1f9e-7c43-4b52-9f0e-0c5a52c6b001', token_endpoint_auth_method: 'none' },
      { ...client, client_id: '14d82eec-204b-4c2f-b7e8-296a70dab67e', token_endpoint_auth_method: 'none' }, // Microsoft Graph Command Line Tools
      { ...client, client_id: '6f1d1f9e-7c43-4b52-9f0e-0c5a52c6b002', token_endpoint_auth_method: 'client_secret_post', client_secret: 'Zwiebel7kuchen' },
      {
        ...client,
        client_id: '6f1d1f9e-7c43-4b52-9f0e-0c5a52c6b003',
        grant_types: [...client.grant_types, 'client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'PS256',
        jwks: { keys: [certified] },
      },
    ],
    cookies: { keys: ['only for the tests'] },
    extraTokenClaims: async (_, token) => (token.accountId ? ofUser(token) : ofApplication),
    jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256' }] },
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async (ctx) => (ctx.oidc.params?.scope?.includes(graph) ? graph : mail), // Entra's is in the scope
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_, resource) => ({
          ...resources[resource], accessTokenFormat: 'jwt', accessTokenTTL: 4500,
        }),
      },
    },
    findAccount: async (_, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
    issueRefreshToken: async () => true,
    ttl: { RefreshToken: 86400, DeviceCode: 600 },
  };
}
