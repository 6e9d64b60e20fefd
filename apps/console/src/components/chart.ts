import type uPlot from 'uplot';

/** One observation. Times are Unix seconds, as uPlot wants them. */
export interface ChartPoint {
  readonly atSeconds: number;
  readonly value: number;
}

export interface ChartSeries {
  readonly label: string;
  readonly points: readonly ChartPoint[];
}

/** Puts series of different times on one time axis; a series without a value there has a gap. */
export function toAlignedData(series: readonly ChartSeries[]): uPlot.AlignedData {
  const times = [...new Set(series.flatMap((each) => each.points.map((p) => p.atSeconds)))];
  times.sort((a, b) => a - b);
  const columns = series.map((each) => {
    const byTime = new Map(each.points.map((point) => [point.atSeconds, point.value]));
    return times.map((at) => byTime.get(at) ?? null);
  });
  return [times, ...columns];
}

/** Appends a point and drops what has left the window; a point that is not newer is ignored. */
export function appendPoint(
  points: readonly ChartPoint[],
  point: ChartPoint,
  windowSeconds: number,
): readonly ChartPoint[] {
  const newest = points.at(-1);
  if (newest && point.atSeconds <= newest.atSeconds) return points;
  const oldest = point.atSeconds - windowSeconds;
  return [...points.filter((each) => each.atSeconds >= oldest), point];
}

/** A top of the y axis that leaves air above the line and never collapses to zero. */
export function axisTop(options: { dataMax: number; fixed?: number }): number {
  if (options.fixed !== undefined) return options.fixed;
  if (!Number.isFinite(options.dataMax) || options.dataMax <= 0) return 1;
  return options.dataMax * 1.15;
}

const spanSecondsMin = 60;

/**
 * The stretch of time to draw: up to `windowSeconds`, but no more than there are points for, so that
 * a young graph is not an empty one. Null without points.
 */
export function timeWindow(
  series: readonly ChartSeries[],
  windowSeconds: number,
): { readonly min: number; readonly max: number } | null {
  const firsts = series.flatMap((each) => each.points[0]?.atSeconds ?? []);
  const lasts = series.flatMap((each) => each.points.at(-1)?.atSeconds ?? []);
  if (lasts.length === 0) return null;
  const newest = Math.max(...lasts);
  const oldest = Math.min(Math.min(...firsts), newest - spanSecondsMin);
  return { min: Math.max(newest - windowSeconds, oldest), max: newest };
}

/** Steps of an axis of bytes: 1, 2, 4 … PiB. */
export const byteSteps: readonly number[] = Array.from({ length: 56 }, (_, power) => 2 ** power);

export interface ChartLook {
  readonly series: readonly ChartSeries[];
  readonly formatValue: (value: number) => string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly style: CSSStyleDeclaration;
  readonly max?: number;
  readonly isBytes: boolean;
}

const seriesTokens = ['--cairn-series-1', '--cairn-series-2', '--cairn-series-3'] as const;

/** The options of a plot in the colours of the page. */
export function chartOptions(look: ChartLook): uPlot.Options {
  const colour = (token: string): string => look.style.getPropertyValue(token).trim() || '#888';
  const font = `11px ${look.style.fontFamily}`;
  const axis = {
    stroke: colour('--cairn-axis'),
    grid: { stroke: colour('--cairn-grid'), width: 1 },
    ticks: { show: false },
    font,
  };
  return {
    width: look.widthPx,
    height: look.heightPx,
    padding: [8, 24, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 6 }, y: false, drag: { x: false, y: false } },
    scales: {
      x: { time: true, auto: false },
      y: {
        range: (_plot, _min, max) => [
          0,
          axisTop({ dataMax: max, ...(look.max === undefined ? {} : { fixed: look.max }) }),
        ],
      },
    },
    axes: [
      { ...axis, space: 70, size: 26, values: '{HH}:{mm}:{ss}' },
      {
        ...axis,
        size: 66,
        ...(look.isBytes ? { incrs: [...byteSteps] } : {}),
        values: (_plot, splits) => splits.map((at) => look.formatValue(at)),
      },
    ],
    series: [
      {},
      ...look.series.map((each, index) => {
        const stroke = colour(seriesTokens[index % seriesTokens.length] ?? seriesTokens[0]);
        return {
          label: each.label,
          stroke,
          width: 1.6,
          points: { show: false },
          ...(index === 0 ? { fill: `${stroke}1f` } : {}),
        };
      }),
    ],
  };
}
