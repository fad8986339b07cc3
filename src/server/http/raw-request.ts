import { datatypeFacts, fromConfigDatatype } from '../../protocol/datatype.js';
import { type InferRequest, noParameters } from '../../protocol/infer.js';
import type { ConfigInput, ModelConfig } from '../../protocol/model-config.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { elementCount, packBytes, type Tensor } from '../../protocol/tensor.js';
import type { ModelReference } from '../inference-service.js';

/**
 * A raw binary request (`Inference-Header-Content-Length: 0`): the body is the only input of the model, its shape
 * follows from the model's configuration and the number of bytes, the batch is 1, all outputs come back binary.
 *
 * @throws ProtocolError when the model has not exactly one input or its shape cannot be told from the size
 */
export function rawInferRequest(config: ModelConfig, model: ModelReference, body: Buffer): InferRequest {
  const input = config.input[0];
  if (input === undefined || config.input.length !== 1) {
    throw new ProtocolError(
      `Raw request must only have 1 input (found 1) to be deduced but got ${config.input.length} inputs in ` +
        `'${model.name}' model configuration`,
    );
  }
  const tensor = rawTensor(input, body, config);
  const shape = config.max_batch_size > 0 ? [1, ...tensor.shape] : tensor.shape;
  return {
    modelName: model.name,
    modelVersion: model.version,
    id: '',
    parameters: new Map([['binary_data_output', true]]),
    inputs: [{ ...tensor, shape, parameters: noParameters }],
    outputs: [],
  };
}

function rawTensor(input: ConfigInput, body: Buffer, config: ModelConfig): Tensor {
  const { name, dims } = input;
  const datatype = fromConfigDatatype(input.data_type);
  if (datatype === undefined) throw new ProtocolError(`The raw input '${name}' has no datatype`);
  if (datatype === 'BYTES') {
    if (dims.length !== 1 || (dims[0] !== 1 && dims[0] !== -1)) {
      throw new ProtocolError(`For BYTE datatype raw input '${name}', the model must have input shape [1]`);
    }
    return { name, datatype, shape: [1], data: packBytes([body]) };
  }
  if (dims.filter((dim) => dim < 0).length > 1) {
    throw new ProtocolError(
      `The shape of the raw input '${name}' can not be deduced because there are more than one variable-sized dimension`,
    );
  }
  const fixedBytes = elementCount(dims.filter((dim) => dim >= 0)) * (datatypeFacts[datatype].sizeBytes ?? 1);
  const variable = fixedBytes === 0 ? 0 : body.length / fixedBytes;
  const fits = dims.some((dim) => dim < 0) ? Number.isInteger(variable) : body.length === fixedBytes;
  if (!fits) {
    throw new ProtocolError(
      `input byte size mismatch for input '${name}' for model '${config.name}'. Expected ${fixedBytes}, got ${body.length}`,
    );
  }
  return { name, datatype, shape: dims.map((dim) => (dim < 0 ? variable : dim)), data: body };
}
