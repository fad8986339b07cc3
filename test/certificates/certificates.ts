import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TlsOptions } from '../../src/client/tls.js';

/** Where a file of this folder lies; compiled code is in `dist`. `make.sh` tells how they were made. */
export const certificateFile = (name: string): string =>
  fileURLToPath(new URL(`../../../test/certificates/${name}`, import.meta.url));

export const certificate = (name: string): Buffer => readFileSync(certificateFile(name));

/** What a server of tests shows: it is `localhost` and `127.0.0.1`. */
export const serverIdentity = { key: certificate('server-key.pem'), cert: certificate('server.pem') };

/** Trusts the authority of the tests, and nobody else. */
export const trusting: TlsOptions = { authorities: certificate('ca.pem'), verifiesPeer: true, verifiesHost: true };
