/** As `map`, but once for each object however often it is in the list: its copies share one result. */
export function mapDistinct<Item extends object, Result>(
  items: readonly Item[],
  convert: (item: Item) => Result,
): Result[] {
  const results = new Map<Item, Result>();
  return items.map((item) => {
    const result = results.get(item) ?? convert(item);
    results.set(item, result);
    return result;
  });
}
