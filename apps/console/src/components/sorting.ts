/** What a column is sorted by; null sorts last in both directions. */
export type SortValue = string | number | boolean | null;

/** A sort order in the address: "name" or "-name". */
export function parseSort(sort: string): { readonly key: string; readonly isDescending: boolean } {
  return sort.startsWith('-')
    ? { key: sort.slice(1), isDescending: true }
    : { key: sort, isDescending: false };
}

const naturalOrder = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Sorts a copy. "web-2" comes before "web-10"; equal items keep their order. */
export function sortItems<Item>(
  items: readonly Item[],
  valueOf: (item: Item) => SortValue,
  isDescending: boolean,
): readonly Item[] {
  const sign = isDescending ? -1 : 1;
  return [...items].sort((left, right) => {
    const a = valueOf(left);
    const b = valueOf(right);
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * compare(a, b);
  });
}

function compare(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a === 'string' && typeof b === 'string') return naturalOrder.compare(a, b);
  return Number(a) - Number(b);
}
