import { type AddressInfo, connect } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import test from 'ava';
import { certificate, certificateFile, serverIdentity } from '../certificates/certificates.js';
import { createWorkplace, type Workplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { readRun } from '../helpers/read-run.js';
import { serverForAll } from '../helpers/shared-server.js';

const brief = ['--measurement-mode', 'count_windows', '--measurement-request-count', '20', '-r', '3', '-s', '100000'];

/** Takes TLS off what comes, as a proxy in front of a server does; only for clients that the authority signed. */
async function startTerminator(
  port: number,
  options: TlsOptions,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer(
    { ...serverIdentity, ca: certificate('ca.pem'), requestCert: true, rejectUnauthorized: true, ...options },
    (secure) => {
      const plain = connect(port, '127.0.0.1');
      secure.on('error', () => plain.destroy());
      plain.on('error', () => secure.destroy());
      secure.pipe(plain).pipe(secure);
    },
  );
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

const server = serverForAll(['simple']);

/** A server of the model `simple` behind TLS, while `look` runs. */
async function behindTls(
  options: TlsOptions & { readonly protocol: 'http' | 'grpc' },
  look: (place: Workplace, port: number) => Promise<void>,
): Promise<void> {
  await using place = createWorkplace();
  const { port, grpcPort } = server();
  await using terminator = await startTerminator(Number(options.protocol === 'http' ? port : grpcPort), options);
  await look(place, terminator.port);
}

const https = [
  ...['--ssl-https-ca-certificates-file', certificateFile('ca.pem')],
  ...['--ssl-https-client-certificate-file', certificateFile('client.pem')],
  ...['--ssl-https-private-key-file', certificateFile('client-key.pem')],
];
const grpcs = [
  ...['--ssl-grpc-use-ssl', '--ssl-grpc-root-certifications-file', certificateFile('ca.pem')],
  ...['--ssl-grpc-certificate-chain-file', certificateFile('client.pem')],
  ...['--ssl-grpc-private-key-file', certificateFile('client-key.pem')],
];

test('perf-analyze measures over https, with a certificate of its own', async (t) => {
  await behindTls({ protocol: 'http' }, async (place, port) => {
    const url = `https://localhost:${port}`;
    const flags = [...https, '--max-threads', '2', '--concurrency-range', '2', '--json', 'run.json'];
    const { code, stderr } = await place.run('-m', 'simple', '-u', url, ...flags, ...brief);
    t.is(code, 0, stderr);
    const run = readRun(place, 'run.json');
    t.is(run.server.url, url);
    t.is(run.levels[0]?.summary.failedRequests, 0);
  });
});

for (const streaming of [[], ['--streaming']]) {
  test(`perf-analyze measures over gRPC with TLS, with a certificate of its own ${streaming.join('')}`, async (t) => {
    await behindTls({ protocol: 'grpc', ALPNProtocols: ['h2'] }, async (place, port) => {
      const flags = ['-i', 'grpc', ...streaming, '-u', `localhost:${port}`, ...grpcs, '--json', 'run.json'];
      const { code, stderr } = await runIn(place, '-m', 'simple', ...flags, ...brief);
      t.is(code, 0, stderr);
      const run = readRun(place, 'run.json');
      t.is(run.server.url, `grpcs://localhost:${port}`);
      t.is(run.levels[0]?.summary.failedRequests, 0);
      t.is(
        run.levels[0]?.summary.stream?.responses,
        streaming.length > 0 ? run.levels[0]?.summary.requests : undefined,
      );
    });
  });
}

test('perf-analyze refuses a server that it cannot trust, unless told to', async (t) => {
  const elsewhere = { key: certificate('elsewhere-key.pem'), cert: certificate('elsewhere.pem'), requestCert: false };
  await behindTls({ protocol: 'http', ...elsewhere }, async (place, port) => {
    const measure = (...flags: string[]) =>
      runIn(place, '-m', 'simple', '-u', `https://localhost:${port}`, ...brief, ...flags);
    const trusted = ['--ssl-https-ca-certificates-file', certificateFile('ca.pem')];
    const unknown = await measure();
    t.is(unknown.code, 5);
    t.regex(unknown.stderr, /perf-analyze: Cannot reach a v2 server: .*(self-signed|unable to)/);
    const other = await measure(...trusted);
    t.is(other.code, 5);
    t.regex(other.stderr, /perf-analyze: Cannot reach a v2 server: .*elsewhere\.example/);
    t.is((await measure(...trusted, '--ssl-https-verify-host', '0')).code, 0);
    t.is((await measure('--ssl-https-verify-peer', '0')).code, 0);
  });
});
