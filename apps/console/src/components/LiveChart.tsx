import { useEffect, useRef, type ReactElement } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { useTheme } from '../styles/useTheme';
import { chartOptions, timeWindow, toAlignedData, type ChartSeries } from './chart';

export interface LiveChartProps {
  /** What the chart shows, for screen readers. */
  readonly label: string;
  readonly series: readonly ChartSeries[];
  /** Formats a value of the y axis. */
  readonly formatValue: (value: number) => string;
  /** The width of the time window in seconds; it ends at the newest point. */
  readonly windowSeconds: number;
  readonly heightPx?: number;
  /** A fixed top of the y axis, for ratios. */
  readonly max?: number;
  /** The values are bytes: ticks stand at powers of two. */
  readonly isBytes?: boolean;
}

/**
 * A time series that redraws in about two milliseconds. The plot is made once per theme and shape;
 * new points only replace its data.
 */
export function LiveChart(props: LiveChartProps): ReactElement {
  const { label, series, formatValue, windowSeconds, heightPx = 150, max, isBytes = false } = props;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useTheme();
  const shape = series.map((each) => each.label).join('\n');
  const latest = useRef(props);

  useEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const options = chartOptions({
      series: latest.current.series,
      formatValue: (value) => latest.current.formatValue(value),
      widthPx: Math.max(element.clientWidth, 80),
      heightPx,
      style: getComputedStyle(element),
      isBytes,
      ...(max === undefined ? {} : { max }),
    });
    const chart = new uPlot(options, toAlignedData(latest.current.series), element);
    plot.current = chart;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) chart.setSize({ width: element.clientWidth, height: heightPx });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [shape, theme, heightPx, max, isBytes]);

  useEffect(() => {
    const chart = plot.current;
    if (!chart) return;
    chart.setData(toAlignedData(series), false);
    const window = timeWindow(series, windowSeconds);
    if (window) chart.setScale('x', window);
  }, [series, windowSeconds, theme, shape]);

  const summary = series
    .map((each) => `${each.label} ${formatValue(each.points.at(-1)?.value ?? Number.NaN)}`)
    .join(', ');
  return <div ref={holder} className="live-chart" role="img" aria-label={`${label}: ${summary}`} />;
}
