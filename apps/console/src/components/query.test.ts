import { describe, expect, it } from 'vitest';

import { filterItems, toggleTerm } from './query';

interface Item {
  readonly name: string;
  readonly state: string;
  readonly tags: readonly string[];
}

const items: readonly Item[] = [
  { name: 'web-1', state: 'running', tags: ['web', 'prod'] },
  { name: 'web-2', state: 'stopped', tags: ['web'] },
  { name: 'data base', state: 'running', tags: [] },
];

const names = (query: string): readonly string[] =>
  filterItems(items, query, (item) => ({
    name: [item.name],
    state: [item.state],
    tag: item.tags,
  })).map((item) => item.name);

describe('filterItems', () => {
  it('keeps everything for an empty query', () => {
    expect(names('  ')).toHaveLength(3);
  });

  it('needs every term to hold', () => {
    expect(names('state:running tag:web')).toEqual(['web-1']);
  });

  it('turns a term round with a minus', () => {
    expect(names('-tag:web')).toEqual(['data base']);
    expect(names('-web')).toEqual(['data base']);
  });

  it('accepts any of several values', () => {
    expect(names('state:running,stopped web')).toEqual(['web-1', 'web-2']);
  });

  it('finds words with spaces in quotes and ignores case', () => {
    expect(names('name:"Data B"')).toEqual(['data base']);
  });

  it('keeps the terms that are complete while another is being typed', () => {
    expect(names('tag:web state:')).toEqual(['web-1', 'web-2']);
    expect(names('tag:web name:"we')).toEqual(['web-1', 'web-2']);
  });

  it('finds nothing by a field that does not exist', () => {
    expect(names('colour:red')).toEqual([]);
  });

  it('does not choke on half a term while a person types', () => {
    expect(names('state:')).toHaveLength(3);
    expect(names('"')).toHaveLength(3);
    expect(names('-')).toHaveLength(3);
    expect(names('-tag:')).toHaveLength(3);
  });
});

describe('toggleTerm', () => {
  it('adds a term once and takes it away again', () => {
    expect(toggleTerm('web', 'state:running')).toBe('web state:running');
    expect(toggleTerm('web state:running', 'state:running')).toBe('web');
  });
});
