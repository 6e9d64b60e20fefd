// One way to answer every list: filter, sort, cut a page, pick fields. Collections of the
// management plane are bounded (thousands), so this works on what the service has loaded.
//
// `q` grammar: words separated by spaces or plus signs; each must hold.
//   word       = ["-"] ( term | field ":" value )
//   field      = a path such as `status.state`; `state` looks in `status`, `tag` in `tags`
//   value, term= text without spaces, or "quoted"; compared without case, `*` matches anything
import type { ListQuery, Page } from '@cairn/contracts';
import { LIST_LIMIT_DEFAULT } from '@cairn/contracts';
import { ProblemError } from './problem';

type Json = unknown;

interface Condition {
  readonly negated: boolean;
  readonly field: string | null;
  readonly pattern: RegExp;
}

const WORD = /(-)?(?:([A-Za-z][A-Za-z0-9.]*):)?(?:"([^"]*)"|([^\s+"]+))/g;
const CONDITIONS_MAX = 20;

function patternOf(text: string, whole: boolean): RegExp {
  const escaped = text.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&').replaceAll(/\*+/g, '.*');
  return new RegExp(whole ? `^${escaped}$` : escaped, 'is');
}

/** Parses `q`; throws `request.invalid` when it asks for too much. */
export function parseFilter(q: string): Condition[] {
  const conditions = [...q.matchAll(WORD)].map((match) => {
    const field = match[2] ?? null;
    const text = match[3] ?? match[4] ?? '';
    return { negated: match[1] === '-', field, pattern: patternOf(text, field !== null) };
  });
  if (conditions.length <= CONDITIONS_MAX) return conditions;
  const message = `At most ${CONDITIONS_MAX} conditions.`;
  throw new ProblemError('request.invalid', message, {
    errors: [{ path: 'q', code: 'tooBig', message }],
  });
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

function matches(item: Json, condition: Condition): boolean {
  const { field, pattern, negated } = condition;
  const texts = field === null ? searchTexts(item) : textsOf(fieldValue(item, field));
  return texts.some((text) => pattern.test(text)) !== negated;
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
  const conditions = query.q === undefined ? [] : parseFilter(query.q);
  const found = items.filter((item) => conditions.every((condition) => matches(item, condition)));
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
