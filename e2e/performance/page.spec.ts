import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BENCHMARKS_PAGE, parts, withFigures } from './page';

describe('the page of the benchmarks', () => {
  const page = readFileSync(BENCHMARKS_PAGE, 'utf8');

  it.each(parts)('has a place for the figures of %s, which is used again and again', (part) => {
    const once = withFigures(page, part, 'figures of today\n');
    expect(once).toContain('figures of today');
    const again = withFigures(once, part, 'figures of tomorrow\n');
    expect(again).not.toContain('figures of today');
  });

  it('keeps the figures of one part when those of the other are published', () => {
    const both = withFigures(withFigures(page, 'volume', 'fast\n'), 'start', 'soon\n');
    expect(both).toContain('fast');
    expect(both).toContain('soon');
  });

  it('is refused when it has no such place', () => {
    expect(() => withFigures('# Benchmarks', 'volume', 'fast')).toThrow('no place');
  });
});
