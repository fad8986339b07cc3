/** A row of the route table. `{name}` in the pattern stands for one path segment, `{version}` for digits only. */
export interface Route<Handler> {
  readonly method: string;
  readonly pattern: string;
  readonly handler: Handler;
}

/** Where a request goes: a handler with what the pattern's placeholders stand for, or why there is none. */
export type RouteMatch<Handler> =
  | { readonly kind: 'found'; readonly route: Route<Handler>; readonly path: ReadonlyMap<string, string> }
  | { readonly kind: 'wrong-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown-path' };

interface Node<Handler> {
  readonly literals: Map<string, Node<Handler>>;
  placeholder?: { readonly name: string; readonly node: Node<Handler> };
  readonly routes: Map<string, Route<Handler>>;
}

const newNode = <Handler>(): Node<Handler> => ({ literals: new Map(), routes: new Map() });

/**
 * Builds the lookup of a route table. Segments are compared as they came, without percent-decoding; a literal
 * segment wins over a placeholder; what follows `?` does not count.
 */
export function createRouter<Handler>(
  routes: readonly Route<Handler>[],
): (method: string, url: string) => RouteMatch<Handler> {
  const root = newNode<Handler>();
  for (const route of routes) {
    let node = root;
    for (const segment of route.pattern.split('/').slice(1)) node = childFor(node, segment);
    node.routes.set(route.method, route);
  }
  return (method, url) => {
    const query = url.indexOf('?');
    const segments = (query === -1 ? url : url.slice(0, query)).split('/');
    const path = new Map<string, string>();
    const node = segments[0] === '' ? descend(root, segments, 1, path) : undefined;
    if (node === undefined) return { kind: 'unknown-path' };
    const route = node.routes.get(method);
    if (route === undefined) return { kind: 'wrong-method', allowed: [...node.routes.keys()] };
    return { kind: 'found', route, path };
  };
}

function childFor<Handler>(node: Node<Handler>, segment: string): Node<Handler> {
  if (segment.startsWith('{')) {
    node.placeholder ??= { name: segment.slice(1, -1), node: newNode() };
    return node.placeholder.node;
  }
  const child = node.literals.get(segment) ?? newNode<Handler>();
  node.literals.set(segment, child);
  return child;
}

function descend<Handler>(
  node: Node<Handler>,
  segments: readonly string[],
  depth: number,
  path: Map<string, string>,
): Node<Handler> | undefined {
  const segment = segments[depth];
  if (segment === undefined) return node.routes.size > 0 ? node : undefined;
  const literal = node.literals.get(segment);
  const found = literal === undefined ? undefined : descend(literal, segments, depth + 1, path);
  if (found !== undefined || node.placeholder === undefined) return found;
  const { name } = node.placeholder;
  if (segment === '' || (name === 'version' && !/^[0-9]+$/.test(segment))) return undefined;
  path.set(name, segment);
  return descend(node.placeholder.node, segments, depth + 1, path);
}
