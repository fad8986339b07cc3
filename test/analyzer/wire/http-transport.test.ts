import { httpTransport } from '../../../analyzer/wire/http-transport.js';
import { systemClock } from '../../../src/core/clock.js';
import { trusting } from '../../certificates/certificates.js';
import { startHttpPeer, startHttpsPeer } from './http-peer.js';
import { httpOutput } from './http-subjects.js';
import { transportContract } from './transport-contract.js';

transportContract({
  name: 'httpTransport',
  startPeer: startHttpPeer,
  open: (port, requests, { compression, ...options } = {}) =>
    httpTransport({
      origin: `http://127.0.0.1:${port}`,
      requests,
      clock: systemClock,
      form: { compression },
      ...options,
    }),
  output: httpOutput,
  refusedAs: 'http 400',
});

transportContract({
  name: 'httpTransport over TLS',
  startPeer: startHttpsPeer,
  open: (port, requests, { compression, ...options } = {}) =>
    httpTransport({
      origin: `https://127.0.0.1:${port}`,
      requests,
      clock: systemClock,
      tls: trusting,
      form: { compression },
      ...options,
    }),
  output: httpOutput,
  refusedAs: 'http 400',
});
