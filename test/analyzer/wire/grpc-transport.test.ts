import { grpcTransport } from '../../../analyzer/wire/grpc-transport.js';
import { systemClock } from '../../../src/core/clock.js';
import { trusting } from '../../certificates/certificates.js';
import { startGrpcPeer, startSecureGrpcPeer } from './grpc-peer.js';
import { grpcOutput } from './grpc-subjects.js';
import { transportContract } from './transport-contract.js';

transportContract({
  name: 'grpcTransport',
  startPeer: startGrpcPeer,
  open: (port, requests, options) =>
    grpcTransport({ address: `127.0.0.1:${port}`, requests, clock: systemClock, ...options }),
  output: grpcOutput,
  refusedAs: 'grpc 3',
});

transportContract({
  name: 'grpcTransport over TLS',
  startPeer: startSecureGrpcPeer,
  open: (port, requests, options) =>
    grpcTransport({ address: `127.0.0.1:${port}`, requests, clock: systemClock, tls: trusting, ...options }),
  output: grpcOutput,
  refusedAs: 'grpc 3',
});
