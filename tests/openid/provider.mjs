// A certified OpenID provider in Entra's place: node provider.mjs CERTIFICATE KEY
//
// Prints its port, and ends with standard input. Paths may begin as Entra's do.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const [cert, key] = process.argv.slice(2).map((file) => readFileSync(file));
const server = createServer({ cert, key });
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`https://localhost:${port}`, configuration());
  const answer = provider.callback();
  server.on('request', (request, response) => {
    // Only Entra knows the prompt select_account.
    request.url = request.url.replace(/^\/contoso\.example\/(oauth2\/)?v2\.0\//, '/').replace('prompt=select_account', 'prompt=consent');
    answer(request, response);
  });
  console.log(JSON.stringify({ port }));
});
process.stdin.on('end', () => process.exit()).resume();

function configuration() {
  const mail = 'https://outlook.office.com';
  const scopes = ['IMAP.AccessAsUser.All', 'POP.AccessAsUser.All', 'SMTP.Send'].map((scope) => `${mail}/${scope}`);
  const client = {
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    redirect_uris: ['http://localhost/'],
    response_types: ['code'],
  };
  const user = (token) => ({ upn: token.accountId, scp: 'IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send' });
  return {
    clients: [
      { ...client, client_id: '6f1d1f9e-7c43-4b52-9f0e-0c5a52c6b001', token_endpoint_auth_method: 'none' },
      { ...client, client_id: '6f1d1f9e-7c43-4b52-9f0e-0c5a52c6b002', token_endpoint_auth_method: 'client_secret_post', client_secret: 'Zwiebel7kuchen' },
    ],
    cookies: { keys: ['only for the tests'] },
    extraTokenClaims: async (_, token) => user(token),
    features: {
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => mail,
        useGrantedResource: async () => true,
        getResourceServerInfo: async () => ({
          scope: scopes.join(' '), audience: mail, accessTokenFormat: 'jwt', accessTokenTTL: 4500,
        }),
      },
    },
    findAccount: async (_, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
    issueRefreshToken: async () => true,
    ttl: { RefreshToken: 86400, DeviceCode: 600 },
  };
}
