import { describeFiles, type FileDescriptor, fileOf } from '../../protocol/file-descriptors.js';
import { grpcStatus } from '../../protocol/grpc-status.js';
import { decodeMessage, messageType, schema } from '../../protocol/schema.js';
import { type Log, refusalOf } from '../refusal-of.js';
import { type GrpcMethod, okStatus } from './grpc-method.js';
import { refusalStatus } from './status.js';

/** Both versions of the protocol that clients use; they differ in name alone. */
const versions = ['v1', 'v1alpha'] as const;

const services = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'inference.GRPCInferenceService',
];

/** Server reflection by path: what the services, methods and messages of this server are. */
export function reflectionMethods(log: Log): ReadonlyMap<string, GrpcMethod> {
  let described: Files | undefined;
  const files = () => {
    described ??= describeFiles(schema); // when somebody asks
    return described;
  };
  return new Map(
    versions.map((version) => [
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      reflection(`grpc.reflection.${version}`, { files, log }),
    ]),
  );
}

type Files = ReadonlyMap<string, FileDescriptor>;

/** What is asked for; the one that is set. */
interface Question {
  readonly host: string;
  readonly message_request?: string;
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
  readonly all_extension_numbers_of_type?: string;
}

function reflection(
  packageName: string,
  { files, log }: { readonly files: () => Files; readonly log: Log },
): GrpcMethod {
  const requestType = messageType(`${packageName}.ServerReflectionRequest`);
  const responseType = messageType(`${packageName}.ServerReflectionResponse`);
  return (call) => ({
    onMessage: (message) => {
      try {
        const question = decodeMessage(requestType, message.bytes) as unknown as Question;
        const answer = { valid_host: question.host, original_request: question, ...answerTo(question, files()) };
        call.send(responseType.encode(answer).finish());
      } catch (thrown) {
        call.end(refusalStatus(refusalOf(thrown, log)));
      } finally {
        call.release(message);
      }
    },
    onHalfClose: () => call.end(okStatus),
    onClose: () => call.end(okStatus),
  });
}

function answerTo(question: Question, described: Files): object {
  const { file_by_filename: file, file_containing_symbol: symbol, all_extension_numbers_of_type: type } = question;
  switch (question.message_request) {
    case 'list_services':
      return { list_services_response: { service: services.map((name) => ({ name })) } };
    case 'file_by_filename':
      return filesAnswer(described, file ?? '', `File not found: ${file}`);
    case 'file_containing_symbol':
      return filesAnswer(described, fileWith(symbol ?? ''), `Symbol not found: ${symbol}`);
    case 'all_extension_numbers_of_type':
      if (fileWith(type ?? '') === '') return notFound(`Type not found: ${type}`);
      return { all_extension_numbers_response: { base_type_name: type, extension_number: [] } };
    case 'file_containing_extension':
      return notFound('There are no extensions');
    default:
      return errorAnswer(grpcStatus.invalidArgument, 'The request asks for nothing');
  }
}

/** Name of the file that declares a service, method, message, field or enum; '' for what is not declared. */
function fileWith(symbol: string): string {
  const found = symbol === '' ? null : schema.lookup(symbol.split('.'));
  return found === null ? '' : fileOf(found);
}

/** A file, behind those that it needs. */
function filesAnswer(files: Files, name: string, otherwise: string): object {
  const file = files.get(name);
  if (file === undefined) return notFound(otherwise);
  const needed = [...file.dependencies.flatMap((other) => files.get(other) ?? []), file];
  return { file_descriptor_response: { file_descriptor_proto: needed.map(({ bytes }) => bytes) } };
}

const notFound = (message: string): object => errorAnswer(grpcStatus.notFound, message);

const errorAnswer = (code: number, message: string): object => ({
  error_response: { error_code: code, error_message: message.slice(0, 200) },
});
