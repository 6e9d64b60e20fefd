import { describe, expect, it } from 'vitest';

import { findEntries, type PaletteEntry } from './palette';

const entry = (label: string, keywords = '', kind = 'Page'): PaletteEntry => ({
  id: label,
  label,
  kind,
  path: '/',
  keywords,
});

const entries = [
  entry('Dashboard', 'home overview'),
  entry('Virtual machines', 'vm guest'),
  entry('web-1', '', 'Virtual machine'),
  entry('old-web', '', 'Virtual machine'),
];

const labels = (query: string): readonly string[] =>
  findEntries(entries, query).map((each) => each.label);

describe('findEntries', () => {
  it('offers everything before anything is typed', () => {
    expect(labels('  ')).toHaveLength(4);
  });

  it('puts a label that starts with the query first', () => {
    expect(labels('web')).toEqual(['web-1', 'old-web']);
  });

  it('finds by keyword and by kind', () => {
    expect(labels('overview')).toEqual(['Dashboard']);
    expect(labels('virtual web')).toEqual(['web-1', 'old-web']);
  });

  it('needs every word', () => {
    expect(labels('web dashboard')).toEqual([]);
  });
});
