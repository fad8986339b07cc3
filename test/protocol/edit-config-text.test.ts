import test from 'ava';
import { editConfigText } from '../../src/protocol/edit-config-text.js';
import { parseModelConfig } from '../../src/protocol/model-config-codec.js';

const text = `# our model
name: "m" # do not rename
max_batch_size: 8
input [ { name: "max_batch_size" data_type: TYPE_FP32 dims: [ 4 ] } ] # a trap: max_batch_size: 9
instance_group [ { count: 1 } ]
instance_group { count: 2 kind: KIND_CPU }
dynamic_batching: { }
`;

test('editConfigText writes a changed field where it stood, and leaves the rest as it is', (t) => {
  const wanted = parseModelConfig(text.replace('max_batch_size: 8', 'max_batch_size: 32'));
  t.is(editConfigText(text, wanted, ['max_batch_size']), text.replace('max_batch_size: 8', 'max_batch_size: 32'));
});

test('editConfigText puts all pieces of a repeated field into one place, and new fields at the end', (t) => {
  const old = parseModelConfig(text);
  const [group] = old.instance_group;
  const wanted = {
    ...old,
    instance_group: group === undefined ? [] : [{ ...group, count: 4 }],
    parameters: { intra_op_thread_count: { string_value: '2' } },
  };
  const edited = editConfigText(text, wanted, ['instance_group', 'parameters']);
  t.deepEqual(parseModelConfig(edited), wanted);
  t.true(edited.startsWith('# our model\nname: "m" # do not rename\n'));
  t.is(edited.match(/instance_group/g)?.length, 1);
});

test('editConfigText drops a field that gets its zero value', (t) => {
  const wanted = { ...parseModelConfig(text), max_batch_size: 0 };
  t.deepEqual(parseModelConfig(editConfigText(text, wanted, ['max_batch_size'])), wanted);
});

test('editConfigText keeps the line ends of the text', (t) => {
  const windows = text.replaceAll('\n', '\r\n');
  const old = parseModelConfig(windows);
  const [group] = old.instance_group;
  const wanted = {
    ...old,
    instance_group: group === undefined ? [] : [{ ...group, count: 4, kind: 'KIND_CPU' as const }],
    parameters: { intra_op_thread_count: { string_value: '2' } },
  };
  const edited = editConfigText(windows, wanted, ['instance_group', 'parameters']);
  t.deepEqual(parseModelConfig(edited), wanted);
  t.false(/[^\r]\n/.test(edited));
});

test('editConfigText takes strings that follow one another for one value', (t) => {
  const split = 'default_model_filename: "a" # first half\n  "b"\nmax_batch_size: 8\n';
  const wanted = { ...parseModelConfig(split), max_batch_size: 4 };
  t.is(editConfigText(split, wanted, ['max_batch_size']), split.replace('8', '4'));
});
