import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';

const { FileDescriptorProto } = descriptor;

/** A `.proto` file as `google/protobuf/descriptor.proto` describes it. */
export interface FileDescriptor {
  readonly name: string;
  /** Names of the files that it imports. */
  readonly dependencies: readonly string[];
  /** A `FileDescriptorProto`. */
  readonly bytes: Uint8Array;
}

type Declared = protobuf.Type | protobuf.Enum | protobuf.Service;

/**
 * Describes the files of a schema, all of whose types are resolved. Types are named in full, so that no reader has to look
 * for them in scopes. `protobufjs` can describe a schema too, but in files by package, and with names of map entries that
 * other libraries refuse.
 */
export function describeFiles(root: protobuf.Root): ReadonlyMap<string, FileDescriptor> {
  const files = new Map<string, Declared[]>();
  for (const declared of declaredIn(root)) {
    const name = fileOf(declared);
    files.set(name, [...(files.get(name) ?? []), declared]);
  }
  return new Map([...files].map(([name, declared]) => [name, describeFile(name, declared)]));
}

/** Name of the file that declares an object, without its folder. */
export const fileOf = ({ filename }: protobuf.ReflectionObject): string => filename?.replace(/^.*[/\\]/, '') ?? '';

function* declaredIn(namespace: protobuf.NamespaceBase): Generator<Declared> {
  for (const nested of namespace.nestedArray) {
    if (isDeclared(nested)) yield nested;
    else if (nested instanceof protobuf.Namespace) yield* declaredIn(nested);
  }
}

const isDeclared = (nested: protobuf.ReflectionObject): nested is Declared =>
  nested instanceof protobuf.Type || nested instanceof protobuf.Enum || nested instanceof protobuf.Service;

function describeFile(name: string, declared: readonly Declared[]): FileDescriptor {
  const dependencies = [...new Set(declared.flatMap(usedTypes).map(fileOf))].filter((other) => other !== name);
  const message = {
    name,
    package: declared[0]?.parent?.fullName.slice(1) ?? '',
    dependency: dependencies,
    syntax: 'proto3',
    messageType: declared.filter((each) => each instanceof protobuf.Type).map(describeType),
    enumType: declared.filter((each) => each instanceof protobuf.Enum).map(describeEnum),
    service: declared.filter((each) => each instanceof protobuf.Service).map(describeService),
  };
  return { name, dependencies, bytes: FileDescriptorProto.encode(FileDescriptorProto.fromObject(message)).finish() };
}

/** The types that a declaration names. */
function usedTypes(declared: protobuf.ReflectionObject): protobuf.ReflectionObject[] {
  if (declared instanceof protobuf.Service) {
    return declared.methodsArray.flatMap(({ resolvedRequestType, resolvedResponseType }) => [
      ...(resolvedRequestType === null ? [] : [resolvedRequestType]),
      ...(resolvedResponseType === null ? [] : [resolvedResponseType]),
    ]);
  }
  if (!(declared instanceof protobuf.Type)) return [];
  const own = declared.fieldsArray.flatMap(({ resolvedType }) => (resolvedType === null ? [] : [resolvedType]));
  return [...own, ...declared.nestedArray.flatMap(usedTypes)];
}

function describeType(type: protobuf.Type): object {
  const { fieldsArray, nestedArray, oneofsArray } = type;
  const maps = fieldsArray.filter((field) => field instanceof protobuf.MapField);
  return {
    name: type.name,
    field: fieldsArray.map((field) => describeField(field, type)),
    nestedType: [
      ...nestedArray.filter((each) => each instanceof protobuf.Type).map(describeType),
      ...maps.map(describeMapEntry),
    ],
    enumType: nestedArray.filter((each) => each instanceof protobuf.Enum).map(describeEnum),
    oneofDecl: oneofsArray.map(({ name }) => ({ name })),
  };
}

function describeField(field: protobuf.Field, type: protobuf.Type): object {
  const { name, id, partOf, repeated } = field;
  if (field instanceof protobuf.MapField) {
    const typeName = `${type.fullName}.${entryName(field)}`;
    return { name, number: id, label: 'LABEL_REPEATED', type: 'TYPE_MESSAGE', typeName };
  }
  return {
    name,
    number: id,
    label: repeated ? 'LABEL_REPEATED' : 'LABEL_OPTIONAL',
    ...typeOf(field),
    ...(partOf === null ? {} : { oneofIndex: type.oneofsArray.indexOf(partOf) }),
  };
}

/** How a map travels: as a repeated message of a key and a value. */
function describeMapEntry(field: protobuf.MapField): object {
  const label = 'LABEL_OPTIONAL';
  return {
    name: entryName(field),
    field: [
      { name: 'key', number: 1, label, type: scalarType(field.keyType) },
      { name: 'value', number: 2, label, ...typeOf(field) },
    ],
    options: { mapEntry: true },
  };
}

/** `priority_queue_policy` has entries of the type `PriorityQueuePolicyEntry`. */
const entryName = ({ name }: protobuf.MapField): string =>
  `${name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())}Entry`;

function typeOf({ type, resolvedType }: Pick<protobuf.FieldBase, 'type' | 'resolvedType'>): object {
  if (resolvedType === null) return { type: scalarType(type) };
  return {
    type: resolvedType instanceof protobuf.Enum ? 'TYPE_ENUM' : 'TYPE_MESSAGE',
    typeName: resolvedType.fullName,
  };
}

const scalarType = (type: string): string => `TYPE_${type.toUpperCase()}`;

const describeEnum = ({ name, values }: protobuf.Enum): object => ({
  name,
  value: Object.entries(values).map(([value, number]) => ({ name: value, number })),
});

const describeService = ({ name, methodsArray }: protobuf.Service): object => ({
  name,
  method: methodsArray.map((method) => ({
    name: method.name,
    inputType: method.resolvedRequestType?.fullName,
    outputType: method.resolvedResponseType?.fullName,
    clientStreaming: method.requestStream === true,
    serverStreaming: method.responseStream === true,
  })),
});
