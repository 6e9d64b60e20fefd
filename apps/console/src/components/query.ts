/**
 * The query language of lists, as the API's `q` knows it:
 *
 *   query = *( ["-"] term )        terms are separated by spaces, all must hold
 *   term  = field ":" value *( "," value ) | word
 *   value = text | '"' text with spaces '"'
 *
 * A word matches any text of the item; a field matches one; a minus turns a term round.
 */
export interface QueryTerm {
  /** Null for a plain word. */
  readonly field: string | null;
  readonly values: readonly string[];
  readonly isNegated: boolean;
}

/** The texts of an item by field; a plain word looks into all of them. */
export type FieldsOf<Item> = (item: Item) => Readonly<Record<string, readonly string[]>>;

const termPattern =
  /(-?)(?:([A-Za-z][A-Za-z0-9.]*):)?((?:"[^"]*"|[^\s",]+)(?:,(?:"[^"]*"|[^\s",]+))*)/g;

/** Reads a query; it can't fail: what is not a field is a word, half a term is no term yet. */
export function parseQuery(text: string): readonly QueryTerm[] {
  const matches = [...text.matchAll(termPattern)].filter((match) => !isHalfTerm(match[0]));
  return matches.map((match) => ({
    isNegated: match[1] === '-',
    field: match[2]?.toLowerCase() ?? null,
    values: (match[3] ?? '')
      .split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)
      .map((value) => value.replaceAll('"', '').toLowerCase())
      .filter(Boolean),
  }));
}

/** Keeps the items for which every term holds. */
export function filterItems<Item>(
  items: readonly Item[],
  query: string,
  fieldsOf: FieldsOf<Item>,
): readonly Item[] {
  const terms = parseQuery(query).filter((term) => term.values.length > 0);
  if (terms.length === 0) return items;
  return items.filter((item) => {
    const fields = fieldsOf(item);
    return terms.every((term) => holds(term, fields) !== term.isNegated);
  });
}

/** Adds or removes a term; used by the shortcuts beside the query bar. */
export function toggleTerm(query: string, term: string): string {
  const words = query.trim().split(/\s+/).filter(Boolean);
  const without = words.filter((word) => word !== term);
  return (without.length === words.length ? [...words, term] : without).join(' ');
}

function isHalfTerm(text: string): boolean {
  return text === '-' || text.endsWith(':');
}

function holds(term: QueryTerm, fields: Readonly<Record<string, readonly string[]>>): boolean {
  const texts = term.field === null ? Object.values(fields).flat() : fields[term.field];
  if (!texts) return false;
  return texts.some((text) => {
    const lower = text.toLowerCase();
    return term.values.some((value) => lower.includes(value));
  });
}
