/**
 * The filter language of lists (`q`), the same in the API, the console and the CLI.
 *
 *     query = [ term *( space term ) ]
 *     term  = [ "-" / "+" ] [ field ":" [ operator ] ] value *( "," value )
 *     field = letter *( letter / digit / "." )
 *     operator = ">=" / "<=" / ">" / "<"
 *     value = word / DQUOTE *( any but DQUOTE / "\" DQUOTE ) DQUOTE
 *
 * Terms are joined by AND, values of one term by OR; `-` negates. A term without a field searches the text of the item.
 * A word ends at a space or comma. Example: `state:running,paused tag:web vcpus:>=4 -name:"old one"`.
 */

export type QueryOperator = 'has' | '>=' | '<=' | '>' | '<';

export interface QueryTerm {
  readonly negated: boolean;
  /** Null searches the item's text. */
  readonly field: string | null;
  readonly operator: QueryOperator;
  readonly values: readonly string[];
}

export type QueryResult =
  | { readonly kind: 'terms'; readonly terms: readonly QueryTerm[] }
  | { readonly kind: 'error'; readonly message: string; readonly at: number };

export const QUERY_TERMS_MAX = 32;

const SPACE = /[ \t]*/y;
const HEAD = /([+-]?)(?:([A-Za-z][A-Za-z0-9.]*):(>=|<=|>|<)?)?/y;
const QUOTED = /"((?:[^"\\]|\\["\\])*)"/y;
const WORD = /[^\s,"]+/y;

/** Reads a filter. Pure, linear in the length of the text. */
export function parseQuery(text: string): QueryResult {
  const terms: QueryTerm[] = [];
  let at = skip(text, 0);
  while (at < text.length) {
    if (terms.length === QUERY_TERMS_MAX) return failed('The filter has too many terms.', at);
    const head = matchAt(HEAD, text, at);
    at += head?.[0].length ?? 0;
    const values = readValues(text, at);
    if (values.kind === 'error') return values;
    at = values.end;
    terms.push({
      negated: head?.[1] === '-',
      field: head?.[2] ?? null,
      operator: operatorOf(head?.[3]),
      values: values.values,
    });
    const next = skip(text, at);
    if (next === at && at < text.length) return failed('A space must end a term.', at);
    at = next;
  }
  return { kind: 'terms', terms };
}

/** Writes terms so that reading them gives the same terms. */
export function formatQuery(terms: readonly QueryTerm[]): string {
  return terms
    .map((term) => {
      const sign = term.negated ? '-' : '';
      const operator = term.operator === 'has' ? '' : term.operator;
      const field = term.field === null ? '' : `${term.field}:${operator}`;
      return `${sign}${field}${term.values.map(quoted).join(',')}`;
    })
    .join(' ');
}

type Values =
  | { readonly kind: 'values'; readonly values: readonly string[]; readonly end: number }
  | { readonly kind: 'error'; readonly message: string; readonly at: number };

function readValues(text: string, start: number): Values {
  const values: string[] = [];
  let at = start;
  for (;;) {
    const quotedMatch = matchAt(QUOTED, text, at);
    const match = quotedMatch ?? matchAt(WORD, text, at);
    if (match === null) {
      const message = text[at] === '"' ? 'A quote is not closed.' : 'A value is missing.';
      return failed(message, at);
    }
    values.push(quotedMatch ? (quotedMatch[1] ?? '').replace(/\\(["\\])/g, '$1') : match[0]);
    at += match[0].length;
    if (text[at] !== ',') return { kind: 'values', values, end: at };
    at += 1;
  }
}

function operatorOf(text: string | undefined): QueryOperator {
  switch (text) {
    case '>=':
    case '<=':
    case '>':
    case '<':
      return text;
    default:
      return 'has';
  }
}

function quoted(value: string): string {
  return /^[A-Za-z0-9._/@-]+$/.test(value) && !value.startsWith('-')
    ? value
    : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

function skip(text: string, at: number): number {
  return at + (matchAt(SPACE, text, at)?.[0].length ?? 0);
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function failed(message: string, at: number) {
  return { kind: 'error', message, at } as const;
}
