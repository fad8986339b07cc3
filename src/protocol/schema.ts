import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import textformat from 'protobufjs/ext/textformat.js';
import { ProtocolError } from './protocol-error.js';

textformat.install();

/** The `.proto` files stay in the source folder; compiled code lives in `dist/src/protocol`. */
const protoFolder = new URL('../../../src/protocol/proto/', import.meta.url);

/** Where a `.proto` file of the v2 protocol lies on disk. */
const protoPath = (file: string): string => fileURLToPath(new URL(file, protoFolder));

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => protoPath(target);
root.loadSync(['grpc_service.proto', 'health.proto', 'reflection.proto'], { keepCase: true });
addOlderReflection();
root.resolveAll();

/** Many clients ask for the older version of the reflection protocol, which differs in its package alone. */
function addOlderReflection(): void {
  const text = readFileSync(protoPath('reflection.proto'), 'utf8');
  const parse = protobuf.parse as { filename?: string | null };
  parse.filename = 'reflection_v1alpha.proto';
  protobuf.parse(text.replace('grpc.reflection.v1;', 'grpc.reflection.v1alpha;'), root, { keepCase: true });
  parse.filename = null;
}

/** Everything that the `.proto` files declare. */
export const schema: protobuf.Root = root;

/** A message type of the protocol by its full name, e.g. `inference.ModelInferRequest`. */
export const messageType = (name: string): protobuf.Type => root.lookupType(name);

/** A service of the protocol by its full name, e.g. `inference.GRPCInferenceService`. */
export const serviceOf = (name: string): protobuf.Service => root.lookupService(name);

/**
 * Decodes a protobuf message.
 *
 * @throws ProtocolError when the bytes are not a message of the type
 */
export function decodeMessage(type: protobuf.Type, bytes: Uint8Array): protobuf.Message {
  try {
    return type.decode(bytes);
  } catch (cause) {
    throw new ProtocolError(`cannot decode ${type.name}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
