import { type MethodDefinition, Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import { messageType, serviceOf } from '../../src/protocol/schema.js';

type Message = Readonly<Record<string, unknown>>;

export interface DecoupledServer extends AsyncDisposable {
  readonly address: string;
}

/** How often the request with this value is answered; -1 = an error in its answer. */
export type AnswerCount = (value: number) => number;

const tensor = { name: 'IN', datatype: 'INT32', shape: [1] };
const output = { name: 'OUT', datatype: 'INT32', shape: [1] };

/**
 * A server made with `@grpc/grpc-js` from the proto: its model `many` answers a request of one INT32 so many times, with
 * the numbers from 0, then says that it was the last time when it was asked to say so.
 */
export async function startDecoupledServer(countOf: AnswerCount): Promise<DecoupledServer> {
  const server = new Server();
  const answers: Readonly<Record<string, Message>> = {
    ServerLive: { live: true },
    ServerReady: { ready: true },
    ModelReady: { ready: true },
    ServerMetadata: { name: 'decoupled', version: '1', extensions: [] },
    ModelMetadata: { name: 'many', versions: ['1'], platform: 'none', inputs: [tensor], outputs: [output] },
    ModelConfig: { config: { name: 'many', model_transaction_policy: { decoupled: true } } },
  };
  for (const method of serviceOf('inference.GRPCInferenceService').methodsArray) {
    const path = `/inference.GRPCInferenceService/${method.name}`;
    const unary = (_call: unknown, reply: (error: object | null, value?: Message) => void): void => {
      const value = answers[method.name];
      if (value === undefined) reply({ code: status.UNIMPLEMENTED, details: 'not here' });
      else reply(null, value);
    };
    const stream = (call: ServerDuplexStream<Message, Message>): void => {
      call.on('data', (request: Message) => respond(call, request, countOf));
      call.on('end', () => call.end());
    };
    const handler = method.requestStream ? stream : unary;
    server.addService({ [path]: definition(path, method) }, { [path]: handler as never });
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
}

function definition(path: string, method: protobuf.Method): MethodDefinition<Message, Message> {
  const requestType = messageType(`inference.${method.requestType}`);
  const responseType = messageType(`inference.${method.responseType}`);
  const encode = (type: protobuf.Type) => (message: Message) => Buffer.from(type.encode(message).finish());
  const decode = (type: protobuf.Type) => (bytes: Buffer) => type.decode(bytes) as unknown as Message;
  return {
    path,
    requestStream: method.requestStream === true,
    responseStream: method.responseStream === true,
    requestSerialize: encode(requestType),
    requestDeserialize: decode(requestType),
    responseSerialize: encode(responseType),
    responseDeserialize: decode(responseType),
  };
}

function respond(call: ServerDuplexStream<Message, Message>, request: Message, countOf: AnswerCount): void {
  const { id, model_name, parameters, raw_input_contents } = request as {
    readonly id: string;
    readonly model_name: string;
    readonly parameters: Readonly<Record<string, { readonly bool_param?: boolean }>>;
    readonly raw_input_contents: readonly Buffer[];
  };
  const count = countOf(Buffer.from(raw_input_contents[0] ?? Buffer.alloc(4)).readInt32LE(0));
  const write = (response: Message, isFinal: boolean, error_message = ''): void => {
    const flag = { triton_final_response: { bool_param: isFinal } };
    call.write({
      error_message,
      infer_response: { id, model_name, model_version: '1', parameters: flag, ...response },
    });
  };
  for (let index = 0; index < count; index++) {
    const data = Buffer.alloc(4);
    data.writeInt32LE(index);
    write({ outputs: [output], raw_output_contents: [data] }, false);
  }
  if (count < 0) write({}, true, 'model many says no');
  else if (parameters['triton_enable_empty_final_response']?.bool_param === true) write({}, true);
}
