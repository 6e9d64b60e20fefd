// One way to answer every list: filter, sort, cut a page, pick fields. Collections of the
// management plane are bounded (thousands), so this works on what the service has loaded.
//
// The grammar of `q` is parseQuery's of the contracts. A field is a path such as `status.state`;
// `state` alone looks in `status` too, `tag` in `tags`. Text is compared without case; a value of a
// field must match as a whole, `*` stands for anything; a term without a field is looked for in
// name, id, description, tags, kind and path. Numbers compare with `>=` and its kin.
import {
  LIST_LIMIT_DEFAULT,
  parseQuery,
  type ListQuery,
  type Page,
  type QueryOperator,
  type QueryTerm,
} from '@cairn/contracts';
import { ProblemError } from './problem';

type Json = unknown;

/** Parses `q`; throws `request.invalid` with the place of the mistake. */
export function parseFilter(q: string): readonly QueryTerm[] {
  const result = parseQuery(q);
  if (result.kind === 'terms') return result.terms;
  const message = `${result.message} (at character ${result.at + 1})`;
  throw new ProblemError('request.invalid', `q: ${message}`, {
    errors: [{ path: 'q', code: 'invalidFormat', message }],
  });
}

/**
 * Whether `text` is what `pattern` says, with `*` for any characters. Goes back only to the last
 * star, so it takes at most |pattern| x |text| steps whatever both contain.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let inText = 0;
  let star = -1;
  let afterStar = 0;
  while (inText < text.length) {
    if (at < pattern.length && pattern[at] === '*') {
      star = at;
      afterStar = inText;
      at += 1;
    } else if (at < pattern.length && pattern[at] === text[inText]) {
      at += 1;
      inText += 1;
    } else if (star >= 0) {
      at = star + 1;
      afterStar += 1;
      inText = afterStar;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** The value at a dotted path; arrays and missing steps give undefined. */
export function valueAt(item: Json, path: string): Json {
  let value: Json = item;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

function fieldValue(item: Json, field: string): Json {
  if (field === 'tag') return valueAt(item, 'tags');
  const direct = valueAt(item, field);
  return direct === undefined ? valueAt(item, `status.${field}`) : direct;
}

function textsOf(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value === 'string') return [value];
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  return [];
}

/** What a bare word is looked for in. */
function searchTexts(item: Json): string[] {
  const fields = ['name', 'id', 'description', 'tags', 'kind', 'path', 'resource.name'];
  return fields.flatMap((field) => textsOf(valueAt(item, field)));
}

function comparesTo(operator: QueryOperator, left: number, right: number): boolean {
  switch (operator) {
    case '>=':
      return left >= right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '<':
      return left < right;
    case 'has':
      return left === right;
  }
}

function fieldMatches(value: Json, operator: QueryOperator, wanted: string): boolean {
  if (operator !== 'has') {
    const limit = Number(wanted);
    return typeof value === 'number' && comparesTo(operator, value, limit);
  }
  const pattern = wanted.toLowerCase();
  return textsOf(value).some((text) => matchesGlob(pattern, text.toLowerCase()));
}

function matches(item: Json, term: QueryTerm): boolean {
  const { field, operator, values, negated } = term;
  const found = values.some((wanted) => {
    if (field !== null) return fieldMatches(fieldValue(item, field), operator, wanted);
    const pattern = `*${wanted.toLowerCase()}*`;
    return searchTexts(item).some((text) => matchesGlob(pattern, text.toLowerCase()));
  });
  return found !== negated;
}

function compare(left: Json, right: Json): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (left === right) return 0;
  if (left === undefined || left === null) return 1;
  if (right === undefined || right === null) return -1;
  return (textsOf(left)[0] ?? '').localeCompare(textsOf(right)[0] ?? '', 'en', { numeric: true });
}

function sorted<Item extends { readonly id: string }>(items: Item[], sort: string): Item[] {
  const keys = sort.split(',').map((key) => ({
    field: key.replace(/^-/, ''),
    sign: key.startsWith('-') ? -1 : 1,
  }));
  return items.sort((left, right) => {
    for (const { field, sign } of keys) {
      const order = sign * compare(fieldValue(left, field), fieldValue(right, field));
      if (order !== 0) return order;
    }
    return left.id < right.id ? -1 : 1;
  });
}

interface Cursor {
  readonly afterId: string;
  readonly index: number;
}

function encodeCursor(cursor: Cursor): string {
  return Buffer.from(`${cursor.index}:${cursor.afterId}`).toString('base64url');
}

function decodeCursor(text: string): Cursor {
  const match = /^(\d{1,9}):(.{0,64})$/.exec(Buffer.from(text, 'base64url').toString('utf8'));
  if (match !== null) return { index: Number(match[1]), afterId: match[2] ?? '' };
  throw new ProblemError('request.invalid', 'The cursor is not one of ours.', {
    errors: [{ path: 'cursor', code: 'invalidValue', message: 'The cursor is not one of ours.' }],
  });
}

function picked<Item extends { readonly id: string }>(item: Item, fields: string): Item {
  const result: Record<string, Json> = { id: item.id };
  for (const path of fields.split(',')) {
    const top = path.split('.')[0] ?? path;
    if (Object.hasOwn(item, top)) result[top] = Reflect.get(item, top);
  }
  // The caller asked for a part of the item; the list answers just that.
  return result as unknown as Item;
}

/** Answers a list request over all `items`. `defaultSort` is used where the query names none. */
export function pageOf<Item extends { readonly id: string }>(
  items: readonly Item[],
  query: ListQuery,
  options: { readonly revision: number; readonly defaultSort: string },
): Page<Item> {
  const terms = query.q === undefined ? [] : parseFilter(query.q);
  const found = items.filter((item) => terms.every((term) => matches(item, term)));
  const ordered = sorted(found, query.sort ?? options.defaultSort);
  const start = query.cursor === undefined ? 0 : startOf(ordered, decodeCursor(query.cursor));
  const end = start + (query.limit ?? LIST_LIMIT_DEFAULT);
  const page = ordered.slice(start, end);
  const last = page.at(-1);
  const hasMore = end < ordered.length && last !== undefined;
  const { fields } = query;
  return {
    items: fields === undefined ? page : page.map((item) => picked(item, fields)),
    nextCursor: hasMore ? encodeCursor({ afterId: last.id, index: end }) : null,
    totalEstimate: ordered.length,
    revision: options.revision,
  };
}

/** After the item that the last page ended with, or at its old place if that is gone. */
function startOf(items: readonly { readonly id: string }[], cursor: Cursor): number {
  const at = items.findIndex((item) => item.id === cursor.afterId);
  return at === -1 ? Math.min(cursor.index, items.length) : at + 1;
}
