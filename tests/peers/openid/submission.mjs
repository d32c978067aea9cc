// A submission server in Exchange Online's place: node submission.mjs CERTIFICATE KEY PROVIDER
//
// Offers STARTTLS, and inside of it XOAUTH2 alone. A token must be signed by the provider, be made out for Exchange
// Online, be in date, and belong to the user who is named; tokens of the application itself may name anybody. Prints its
// port, and then one line for each sign-in and each envelope. Ends with standard input.
import { readFileSync } from 'node:fs';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { SMTPServer } from 'smtp-server';

const [cert, key] = process.argv.slice(2, 4).map((file) => readFileSync(file));
const issuer = process.argv[4];
const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
const tell = (line) => console.log(JSON.stringify(line));
const server = new SMTPServer({
  cert,
  key,
  authMethods: ['XOAUTH2'],
  async onAuth({ method, username, accessToken }, session, answer) {
    try {
      const { payload } = await jwtVerify(accessToken, keys, { issuer, audience: 'https://outlook.office.com' });
      if (payload.upn && payload.upn !== username) throw new Error('another user');
      tell({ method, username, secure: session.secure });
      answer(null, { user: username });
    } catch (error) {
      tell({ method, username, secure: session.secure, refused: error.message });
      answer(null, { data: { status: '401', schemes: 'bearer', scope: 'https://outlook.office.com/SMTP.Send' } });
    }
  },
  onMailFrom({ address }, session, answer) {
    tell({ sender: address });
    answer(address === session.user ? null : new Error('SendAsDenied; not allowed to send as this sender'));
  },
  onData(stream, session, answer) {
    tell({ message: true });
    stream.resume().on('end', answer);
  },
});
server.listen(0, '127.0.0.1', () => tell({ port: server.server.address().port }));
process.stdin.on('end', () => process.exit()).resume();
