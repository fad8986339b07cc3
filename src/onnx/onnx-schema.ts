import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

// Relative to dist/src/onnx; the .proto file is not compiled and stays among the sources.
const root = protobuf.loadSync(fileURLToPath(new URL('../../../src/onnx/proto/onnx.proto', import.meta.url)));

/** The wire format of the messages of an ONNX file (`proto/onnx.proto`). */
export const onnxSchema = {
  model: root.lookupType('onnx.ModelProto'),
  graph: root.lookupType('onnx.GraphProto'),
  tensor: root.lookupType('onnx.TensorProto'),
};
