import test from 'ava';
import { Dependencies, loadOrder } from '../../../src/server/repository/dependencies.js';

type Graph = Readonly<Record<string, readonly string[]>>;

const orderOf = (names: readonly string[], graph: Graph) => loadOrder(names, (name) => graph[name] ?? []);

function dependenciesOf(graph: Graph, requested: readonly string[] = []): Dependencies {
  const dependencies = new Dependencies();
  for (const [name, composing] of Object.entries(graph)) dependencies.add(name, composing);
  for (const name of requested) dependencies.request(name);
  return dependencies;
}

test('loadOrder puts what a model is made of before it, each once', (t) => {
  const graph = { outer: ['inner', 'a'], inner: ['a', 'b'] };
  t.deepEqual(orderOf(['outer', 'a', 'inner'], graph).names, ['a', 'b', 'inner', 'outer']);
  t.is(orderOf(['outer'], graph).circular.size, 0);
});

test('loadOrder names every model of a circle and none outside of it', (t) => {
  const { names, circular } = orderOf(['a', 'user'], { a: ['b', 'x'], b: ['c'], c: ['a'], user: ['a'] });
  t.deepEqual(names.toSorted(), ['a', 'b', 'c', 'user', 'x']);
  t.deepEqual(
    [...circular],
    [
      ['a', 'circular dependency between ensembles: a -> ... -> c -> a'],
      ['b', 'circular dependency between ensembles: b -> ... -> a -> b'],
      ['c', 'circular dependency between ensembles: c -> ... -> b -> c'],
    ],
  );
});

test('loadOrder finds a model that contains itself', (t) => {
  const { circular } = orderOf(['a'], { a: ['a'] });
  t.is(circular.get('a'), 'circular dependency between ensembles: a -> ... -> a -> a');
});

test('dependentsOf gives the ensembles at any depth, inner ones first', (t) => {
  const dependencies = dependenciesOf({ outer: ['inner'], inner: ['a'], other: ['b'], both: ['outer', 'a'] });
  t.deepEqual(dependencies.dependentsOf(['a']), ['inner', 'outer', 'both']);
  t.deepEqual(dependencies.dependentsOf(['nothing']), []);
});

test('add keeps what a model was made of before until it is removed', (t) => {
  const dependencies = dependenciesOf({ e: ['a'] });
  dependencies.add('e', ['b']);
  t.deepEqual(dependencies.composingOf('e'), ['a', 'b']);
  dependencies.remove('e');
  t.deepEqual(dependencies.composingOf('e'), []);
});

test('removeWithOrphans leaves what was asked for and what another ensemble needs', (t) => {
  const dependencies = dependenciesOf({ outer: ['inner', 'asked'], inner: ['own', 'shared'], other: ['shared'] }, [
    'outer',
    'asked',
    'other',
  ]);
  t.deepEqual(dependencies.removeWithOrphans('outer'), ['outer', 'inner', 'own']);
  t.deepEqual(dependencies.dependentsOf(['shared']), ['other']);
});
