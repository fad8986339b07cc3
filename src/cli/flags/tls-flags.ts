import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TlsOptions } from '../../client/tls.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { Protocol } from '../connect.js';
import { oneOf } from './parse.js';

const text = { type: 'string', requiresArg: true, group: 'Encryption:' } as const;
const file = (describe: string) => ({ ...text, describe: `${describe}: a PEM file` }) as const;

/** The flags of TLS, named as perf_analyzer names them. */
export const tlsFlags = {
  'ssl-grpc-use-ssl': { type: 'boolean', default: false, describe: 'gRPC over TLS', group: 'Encryption:' },
  'ssl-grpc-root-certifications-file': file('Authorities that sign the server, over gRPC'),
  'ssl-grpc-private-key-file': file("The client's key, over gRPC"),
  'ssl-grpc-certificate-chain-file': file("The client's certificate, over gRPC"),
  'ssl-https-verify-peer': { ...text, default: '1', describe: "0: take any server's certificate; 1: verify it" },
  'ssl-https-verify-host': { ...text, default: '2', describe: '0: for any host; 1 or 2: for the host of -u' },
  'ssl-https-ca-certificates-file': file('Authorities that sign the server, over https'),
  'ssl-https-client-certificate-file': { ...text, describe: "The client's certificate, over https" },
  'ssl-https-client-certificate-type': { ...text, default: 'PEM', describe: 'PEM or DER' },
  'ssl-https-private-key-file': { ...text, describe: "The client's key, over https" },
  'ssl-https-private-key-type': { ...text, default: 'PEM', describe: 'PEM or DER' },
} as const;

const forms = ['PEM', 'DER'] as const;
type Form = (typeof forms)[number];

export interface TlsFlags {
  readonly sslGrpcUseSsl: boolean;
  readonly sslGrpcRootCertificationsFile: string | undefined;
  readonly sslGrpcPrivateKeyFile: string | undefined;
  readonly sslGrpcCertificateChainFile: string | undefined;
  readonly sslHttpsVerifyPeer: string;
  readonly sslHttpsVerifyHost: string;
  readonly sslHttpsCaCertificatesFile: string | undefined;
  readonly sslHttpsClientCertificateFile: string | undefined;
  readonly sslHttpsClientCertificateType: string;
  readonly sslHttpsPrivateKeyFile: string | undefined;
  readonly sslHttpsPrivateKeyType: string;
}

/**
 * How to encrypt. All files are read and checked, also when nothing is encrypted in the end.
 *
 * @throws PerfError `usage`, or `file` when one cannot be read
 */
export function tlsOptions(flags: TlsFlags, protocol: Protocol): TlsOptions {
  const grpc: TlsOptions = {
    authorities: readCertificate('--ssl-grpc-root-certifications-file', flags.sslGrpcRootCertificationsFile),
    certificateChain: readCertificate('--ssl-grpc-certificate-chain-file', flags.sslGrpcCertificateChainFile),
    privateKey: readKey('--ssl-grpc-private-key-file', flags.sslGrpcPrivateKeyFile),
    verifiesPeer: true,
    verifiesHost: true,
  };
  const certificateForm = oneOf('--ssl-https-client-certificate-type', flags.sslHttpsClientCertificateType, forms);
  const keyForm = oneOf('--ssl-https-private-key-type', flags.sslHttpsPrivateKeyType, forms);
  const https: TlsOptions = {
    authorities: readCertificate('--ssl-https-ca-certificates-file', flags.sslHttpsCaCertificatesFile),
    certificateChain: readCertificate(
      '--ssl-https-client-certificate-file',
      flags.sslHttpsClientCertificateFile,
      certificateForm,
    ),
    privateKey: readKey('--ssl-https-private-key-file', flags.sslHttpsPrivateKeyFile, keyForm),
    verifiesPeer: oneOf('--ssl-https-verify-peer', flags.sslHttpsVerifyPeer, ['0', '1']) === '1',
    verifiesHost: oneOf('--ssl-https-verify-host', flags.sslHttpsVerifyHost, ['0', '1', '2']) !== '0',
  };
  refuseHalf(grpc, '--ssl-grpc-certificate-chain-file', '--ssl-grpc-private-key-file');
  refuseHalf(https, '--ssl-https-client-certificate-file', '--ssl-https-private-key-file');
  return protocol === 'grpc' ? grpc : https;
}

/** What to tell about flags of TLS that change nothing, since the server of `-u` is not reached over it. */
export function tlsNotes(argv: TlsFlags, isEncrypted: boolean): string[] {
  const given = (Object.keys(tlsFlags) as (keyof typeof tlsFlags)[]).find((name) => {
    const value = argv[camelCase(name) as keyof TlsFlags];
    return value !== undefined && value !== ('default' in tlsFlags[name] ? tlsFlags[name].default : undefined);
  });
  if (given === undefined || isEncrypted) return [];
  return [`Note: --${given} changes nothing; -u names a server without TLS.`];
}

const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

function refuseHalf({ certificateChain, privateKey }: TlsOptions, certificate: string, key: string): void {
  if ((certificateChain === undefined) === (privateKey === undefined)) return;
  const [given, missing] = certificateChain === undefined ? [key, certificate] : [certificate, key];
  throw new PerfError('usage', `Cannot use ${given} alone: expected ${missing} with it, got none`);
}

/** All certificates of a file, as PEM. */
function readCertificate(flag: string, file: string | undefined, form: Form = 'PEM'): Buffer | undefined {
  return readAs(flag, file, `a certificate in ${form}`, (bytes) => {
    checkForm(bytes, form);
    const certificate = new X509Certificate(bytes);
    return form === 'PEM' ? bytes : Buffer.from(certificate.toString());
  });
}

function readKey(flag: string, file: string | undefined, form: Form = 'PEM'): Buffer | undefined {
  return readAs(flag, file, `a private key in ${form}, without a passphrase`, (bytes) => {
    checkForm(bytes, form);
    const key = form === 'PEM' ? createPrivateKey(bytes) : keyFromDer(bytes);
    return Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }));
  });
}

function keyFromDer(key: Buffer) {
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } catch {
    return createPrivateKey({ key, format: 'der', type: 'pkcs1' });
  }
}

function checkForm(bytes: Buffer, form: Form): void {
  const isPem = bytes.includes('-----BEGIN ');
  if (isPem !== (form === 'PEM')) throw new Error(isPem ? 'PEM' : 'something that is not PEM');
}

function readAs(
  flag: string,
  file: string | undefined,
  what: string,
  read: (bytes: Buffer) => Buffer,
): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return read(readFileSync(file));
  } catch (cause) {
    throw new PerfError('file', `Cannot use ${flag} ${file}: expected ${what}, got ${messageOf(cause)}`, { cause });
  }
}
