/** Finds what a person means by a few letters. Pure; the palette draws the result. */
export interface PaletteEntry {
  readonly id: string;
  readonly label: string;
  /** What kind of thing it is: "Page", "Virtual machine". */
  readonly kind: string;
  readonly path: string;
  readonly keywords: string;
}

const resultsMax = 12;

/**
 * Every word of the query must occur; a label that starts with the query comes first, then labels,
 * then keywords. The order within a rank stays as given.
 */
export function findEntries(
  entries: readonly PaletteEntry[],
  query: string,
): readonly PaletteEntry[] {
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries.slice(0, resultsMax);
  return entries
    .map((entry) => ({ entry, rank: rankOf(entry, words) }))
    .filter((each) => each.rank > 0)
    .sort((a, b) => b.rank - a.rank)
    .slice(0, resultsMax)
    .map((each) => each.entry);
}

function rankOf(entry: PaletteEntry, words: readonly string[]): number {
  const label = entry.label.toLowerCase();
  const everything = `${label} ${entry.kind.toLowerCase()} ${entry.keywords.toLowerCase()}`;
  if (!words.every((word) => everything.includes(word))) return 0;
  if (label.startsWith(words.join(' '))) return 4;
  if (words.every((word) => ` ${label}`.includes(` ${word}`))) return 3;
  return words.every((word) => label.includes(word)) ? 2 : 1;
}
