import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatQuery, parseQuery, QUERY_TERMS_MAX, type QueryTerm } from './query';

describe('the filter language', () => {
  it('joins terms by AND, values by OR, and negates with a minus', () => {
    expect(parseQuery('state:running,paused tag:web -name:"old one" vcpus:>=4 mail')).toEqual({
      kind: 'terms',
      terms: [
        { negated: false, field: 'state', operator: 'has', values: ['running', 'paused'] },
        { negated: false, field: 'tag', operator: 'has', values: ['web'] },
        { negated: true, field: 'name', operator: 'has', values: ['old one'] },
        { negated: false, field: 'vcpus', operator: '>=', values: ['4'] },
        { negated: false, field: null, operator: 'has', values: ['mail'] },
      ],
    });
  });

  it('reads an empty filter as no terms', () => {
    expect(parseQuery('  ')).toEqual({ kind: 'terms', terms: [] });
  });

  it.each([
    ['state:', 'A value is missing.', 6],
    ['name:"open', 'A quote is not closed.', 5],
    ['a,', 'A value is missing.', 2],
    ['"a"b', 'A space must end a term.', 3],
  ])('says where %s is wrong', (text, message, at) => {
    expect(parseQuery(text)).toEqual({ kind: 'error', message, at });
  });

  it('refuses more terms than it has room for', () => {
    expect(parseQuery('a '.repeat(QUERY_TERMS_MAX)).kind).toBe('terms');
    expect(parseQuery('a '.repeat(QUERY_TERMS_MAX + 1)).kind).toBe('error');
  });

  it('never throws and always ends, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['terms', 'error']).toContain(parseQuery(text).kind);
      }),
    );
  });

  it('reads back every list of terms that it writes', () => {
    const field = fc.stringMatching(/^[A-Za-z][A-Za-z0-9.]{0,10}$/);
    const term: fc.Arbitrary<QueryTerm> = fc.oneof(
      fc.record({
        negated: fc.boolean(),
        field,
        operator: fc.constantFrom('has', '>=', '<=', '>', '<'),
        values: fc.array(fc.string(), { minLength: 1, maxLength: 4 }),
      }),
      fc.record({
        negated: fc.boolean(),
        field: fc.constant(null),
        operator: fc.constant('has'),
        values: fc.array(fc.string(), { minLength: 1, maxLength: 4 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(term, { maxLength: QUERY_TERMS_MAX }), (terms) => {
        expect(parseQuery(formatQuery(terms))).toEqual({ kind: 'terms', terms });
      }),
    );
  });
});
