/**
 * Histograms that are counted elsewhere, such as in the engine, in Prometheus' text format.
 *
 *     # HELP name help / # TYPE name histogram
 *     name_bucket{labels,le="bound"} cumulative count ... name_bucket{labels,le="+Inf"} total
 *     name_sum{labels} sum · name_count{labels} total
 */

export interface HistogramCounts {
  readonly labels: Readonly<Record<string, string>>;
  /** How many observations were at most `upperBounds[i]` and above the bound before; a last one more for the rest. */
  readonly counts: readonly number[];
  readonly upperBounds: readonly number[];
  readonly sum: number;
}

export function formatHistogram(
  name: string,
  help: string,
  series: readonly HistogramCounts[],
): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  for (const { labels, counts, upperBounds, sum } of series) {
    let total = 0;
    for (const [index, count] of counts.entries()) {
      total += count;
      const bound = upperBounds[index];
      if (bound === undefined) continue;
      lines.push(`${name}_bucket${formatLabels({ ...labels, le: String(bound) })} ${total}`);
    }
    lines.push(`${name}_bucket${formatLabels({ ...labels, le: '+Inf' })} ${total}`);
    lines.push(`${name}_sum${formatLabels(labels)} ${sum}`);
    lines.push(`${name}_count${formatLabels(labels)} ${total}`);
  }
  return `${lines.join('\n')}\n`;
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
    return `${name}="${escaped}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
