/**
 * Filters lists in the browser by the API's own query language (`parseQuery` of the contracts), so
 * that the console, the command line and the server read the same text alike. While a person types,
 * half a term does not count yet.
 */
import { parseQuery, type QueryTerm } from '@cairn/contracts';

/** The texts of an item by field; a plain word looks into all of them. */
export type FieldsOf<Item> = (item: Item) => Readonly<Record<string, readonly string[]>>;

/** The terms of a query up to the first that is not complete. */
export function termsOf(text: string): readonly QueryTerm[] {
  const parsed = parseQuery(text);
  if (parsed.kind === 'terms') return parsed.terms;
  const end = text.lastIndexOf(' ', Math.max(0, parsed.at - 1));
  return end > 0 ? termsOf(text.slice(0, end)) : [];
}

/** Keeps the items for which every term holds. */
export function filterItems<Item>(
  items: readonly Item[],
  query: string,
  fieldsOf: FieldsOf<Item>,
): readonly Item[] {
  const terms = termsOf(query);
  if (terms.length === 0) return items;
  return items.filter((item) => {
    const fields = fieldsOf(item);
    return terms.every((term) => holds(term, fields) !== term.negated);
  });
}

/** Adds or removes a term; used by the shortcuts beside the query bar. */
export function toggleTerm(query: string, term: string): string {
  const words = query.trim().split(/\s+/).filter(Boolean);
  const without = words.filter((word) => word !== term);
  return (without.length === words.length ? [...words, term] : without).join(' ');
}

function holds(term: QueryTerm, fields: Readonly<Record<string, readonly string[]>>): boolean {
  const texts =
    term.field === null ? Object.values(fields).flat() : fields[term.field.toLowerCase()];
  if (!texts) return false;
  return texts.some((text) => term.values.some((value) => matches(term.operator, text, value)));
}

function matches(operator: QueryTerm['operator'], text: string, value: string): boolean {
  switch (operator) {
    case 'has':
      return text.toLowerCase().includes(value.toLowerCase());
    case '>=':
      return Number(text) >= Number(value);
    case '<=':
      return Number(text) <= Number(value);
    case '>':
      return Number(text) > Number(value);
    case '<':
      return Number(text) < Number(value);
  }
}
