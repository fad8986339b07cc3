import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { PerfError } from '../../../src/core/perf-error.js';
import { certificate, certificateFile } from '../../certificates/certificates.js';
import { readFlags } from './read-flags.js';

const read = (...args: readonly string[]) => readFlags('-m', 'simple', ...args);
const ca = certificateFile('ca.pem');
const client = certificateFile('client.pem');
const clientKey = certificateFile('client-key.pem');

test('tlsOptions: an https URL is verified unless told otherwise', (t) => {
  const { urls, connection } = read('-u', 'https://h').server;
  t.deepEqual(urls, ['https://h:443']);
  t.like(connection.tls, { verifiesPeer: true, verifiesHost: true, authorities: undefined });
  const loose = read('-u', 'https://h', '--ssl-https-verify-peer', '0', '--ssl-https-verify-host', '0').server;
  t.like(loose.connection.tls, { verifiesPeer: false, verifiesHost: false });
  t.true(read('-u', 'https://h', '--ssl-https-verify-host', '1').server.connection.tls?.verifiesHost);
});

test('tlsOptions: a plain URL is not encrypted', (t) => {
  t.is(read('-u', 'http://h').server.connection.tls, undefined);
  t.is(read('-u', 'h:1', '-i', 'grpc').server.connection.tls, undefined);
});

test('tlsOptions: gRPC over TLS by its flag or its scheme', (t) => {
  const flags = ['--ssl-grpc-root-certifications-file', ca, '--ssl-grpc-private-key-file', clientKey];
  const { urls, connection } = read(
    ...['-i', 'grpc', '-u', 'h:1', '--ssl-grpc-use-ssl', '--ssl-grpc-certificate-chain-file', client],
    ...flags,
  ).server;
  t.deepEqual(urls, ['grpcs://h:1']);
  t.deepEqual(connection.tls?.authorities, certificate('ca.pem'));
  t.deepEqual(connection.tls?.certificateChain, certificate('client.pem'));
  t.truthy(createPrivateKey(connection.tls?.privateKey ?? ''));
  t.truthy(read('-i', 'grpc', '-u', 'grpcs://h:1').server.connection.tls);
});

test('tlsOptions reads DER', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-der-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const files = { certificate: join(folder, 'client.der'), key: join(folder, 'client-key.der') };
  writeFileSync(files.certificate, new X509Certificate(certificate('client.pem')).raw);
  writeFileSync(files.key, createPrivateKey(certificate('client-key.pem')).export({ type: 'pkcs8', format: 'der' }));
  const given = ['--ssl-https-client-certificate-file', files.certificate, '--ssl-https-private-key-file', files.key];
  const types = ['--ssl-https-client-certificate-type', 'DER', '--ssl-https-private-key-type', 'DER'];
  const { tls } = read('-u', 'https://h', ...given, ...types).server.connection;
  t.is(new X509Certificate(tls?.certificateChain ?? '').subject, 'CN=test client');
  t.true(createPrivateKey(tls?.privateKey ?? '').equals(createPrivateKey(certificate('client-key.pem'))));
  t.throws(() => read('-u', 'https://h', ...given), { message: /expected a certificate in PEM/ });
});

test('tlsNotes tells of flags that change nothing', (t) => {
  t.deepEqual(read('-u', 'h:1', '--ssl-https-verify-peer', '0').notes, [
    'Note: --ssl-https-verify-peer changes nothing; -u names a server without TLS.',
  ]);
  t.deepEqual(read('-u', 'https://h', '--ssl-https-verify-peer', '0').notes, []);
  t.deepEqual(read('--ssl-grpc-root-certifications-file', ca).notes.length, 1);
});

const refused: readonly (readonly [args: readonly string[], code: PerfError['code'], says: string])[] = [
  [['--ssl-https-verify-peer', '2'], 'usage', "Cannot use --ssl-https-verify-peer: expected 0, 1, got '2'"],
  [['--ssl-https-verify-host', 'yes'], 'usage', 'expected 0, 1, 2'],
  [['--ssl-https-private-key-type', 'pem'], 'usage', "expected PEM, DER, got 'pem'"],
  [['--ssl-https-ca-certificates-file', 'none.pem'], 'file', 'none.pem: expected a certificate in PEM, got ENOENT'],
  [['--ssl-grpc-root-certifications-file', clientKey], 'file', 'expected a certificate in PEM, got'],
  [['--ssl-grpc-private-key-file', client], 'file', 'expected a private key in PEM, without a passphrase, got'],
  [['--ssl-https-client-certificate-file', client], 'usage', 'alone: expected --ssl-https-private-key-file with it'],
  [['--ssl-grpc-private-key-file', clientKey], 'usage', 'alone: expected --ssl-grpc-certificate-chain-file with it'],
  [['-i', 'grpc', '--ssl-grpc-use-ssl'], 'usage', 'Cannot use --ssl-grpc-use-ssl alone: expected -u host:port'],
];
for (const [args, code, says] of refused) {
  test(`tlsOptions refuses ${args.map((arg) => arg.replace(/.*\//, '')).join(' ')}`, (t) => {
    const refusal = t.throws(() => read(...args), { instanceOf: PerfError });
    t.is(refusal?.code, code);
    t.true(refusal?.message.includes(says), refusal?.message);
  });
}
