import { type ServiceError, status } from '@grpc/grpc-js';

/**
 * Whether a call failed because nothing answered. `@grpc/grpc-js` says UNAVAILABLE then, the same status that a server
 * answers when it refuses for now; only the text tells them apart.
 */
export const isConnectionFailure = (error: ServiceError): boolean =>
  error.code === status.UNAVAILABLE && /No connection established|ECONN|EPIPE|Connection dropped/.test(error.details);

/** What a call that reached nobody says of it, in one line. */
export const connectionText = ({ details }: ServiceError): string =>
  details.replace(/\s*\.?\s*Resolution note:\s*$/, '').replaceAll(/\s+/g, ' ');
