/** The page of the documentation that shows the figures, with a place for each part of the benchmark. */
import { resolve } from 'node:path';

export const BENCHMARKS_PAGE = resolve(__dirname, '../../docs/benchmarks.md');
export const parts = ['volume', 'start'] as const;
export type Part = (typeof parts)[number];

const END = '<!-- end of figures -->';

/** The page with the figures of one part in their place; those of the other parts stay. */
export function withFigures(page: string, part: Part, figures: string): string {
  const beginMark = `<!-- figures: npm run bench -- --parts ${part} --publish -->`;
  const begin = page.indexOf(beginMark);
  const end = page.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`The page has no place for the figures of ${part}.`);
  return `${page.slice(0, begin)}${beginMark}\n\n${figures}\n${page.slice(end)}`;
}
