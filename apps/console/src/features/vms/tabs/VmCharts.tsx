import type { VmSeriesName } from '@cairn/contracts';
import { useContext, useMemo, type ReactElement } from 'react';

import { vmWindowSeconds, type VmSeries } from '../../../api/samples';
import { LiveContext, useVmSeries } from '../../../api/useLive';
import type { ChartPoint, ChartSeries } from '../../../components/chart';
import {
  formatBytes,
  formatBytesPerSecond,
  formatCount,
  formatLatencySeconds,
  formatRatio,
} from '../../../components/format';
import { LiveChart } from '../../../components/LiveChart';
import { SeriesLegend } from '../../../components/SeriesLegend';
import { TitledCard } from '../../../components/TitledCard';

interface ChartPlan {
  readonly title: string;
  readonly series: readonly (readonly [string, VmSeriesName])[];
  readonly formatValue: (value: number) => string;
  readonly isRatio?: boolean;
  readonly isBytes?: boolean;
}

const charts: readonly ChartPlan[] = [
  { title: 'CPU', series: [['CPU', 'cpuRatio']], formatValue: formatRatio, isRatio: true },
  {
    title: 'Memory',
    series: [['Resident', 'memoryUsedBytes']],
    formatValue: formatBytes,
    isBytes: true,
  },
  {
    title: 'Disk throughput',
    series: [
      ['Read', 'diskReadBytesPerSecond'],
      ['Write', 'diskWriteBytesPerSecond'],
    ],
    formatValue: formatBytesPerSecond,
    isBytes: true,
  },
  {
    title: 'Disk operations',
    series: [
      ['Read', 'diskReadOpsPerSecond'],
      ['Write', 'diskWriteOpsPerSecond'],
    ],
    formatValue: (value) => `${formatCount(value)}/s`,
  },
  {
    title: 'Disk latency',
    series: [
      ['Read', 'diskReadLatencySeconds'],
      ['Write', 'diskWriteLatencySeconds'],
    ],
    formatValue: formatLatencySeconds,
  },
  {
    title: 'Network',
    series: [
      ['Received', 'networkReceiveBytesPerSecond'],
      ['Sent', 'networkTransmitBytesPerSecond'],
    ],
    formatValue: formatBytesPerSecond,
    isBytes: true,
  },
];

export interface VmChartsProps {
  readonly vmId: string;
  /** History to draw before the live points; absent: the live points alone. */
  readonly history?: VmSeries;
  readonly windowSeconds?: number;
  readonly heightPx?: number;
}

/** The graphs of one VM, extended by each sample as it arrives. */
export function VmCharts(props: VmChartsProps): ReactElement {
  const live = useVmSeries(props.vmId);
  const { history, windowSeconds = vmWindowSeconds, heightPx = 120 } = props;
  return (
    <div className="chart-grid">
      {charts.map((chart) => (
        <VmChart
          key={chart.title}
          chart={chart}
          live={live}
          windowSeconds={windowSeconds}
          heightPx={heightPx}
          {...(history ? { history } : {})}
        />
      ))}
    </div>
  );
}

function VmChart({
  chart,
  live,
  history,
  windowSeconds,
  heightPx,
}: {
  readonly chart: ChartPlan;
  readonly live: VmSeries;
  readonly history?: VmSeries;
  readonly windowSeconds: number;
  readonly heightPx: number;
}): ReactElement {
  const isConnected = useContext(LiveContext) !== null;
  const series: readonly ChartSeries[] = useMemo(
    () =>
      chart.series.map(([label, name]) => ({
        label,
        points: joinHistory(history?.[name] ?? [], live[name] ?? []),
      })),
    [chart, live, history],
  );
  const isEmpty = series.every((each) => each.points.length === 0);
  return (
    <TitledCard
      title={chart.title}
      className="chart-card"
      link={<SeriesLegend series={series} formatValue={chart.formatValue} />}
    >
      {isEmpty ? (
        <p className="subtle chart-empty" style={{ minHeight: heightPx }}>
          {isConnected ? 'Waiting for the first sample …' : 'Not connected'}
        </p>
      ) : (
        <LiveChart
          label={chart.title}
          series={series}
          formatValue={chart.formatValue}
          windowSeconds={windowSeconds}
          heightPx={heightPx}
          {...(chart.isRatio ? { max: 1 } : {})}
          isBytes={chart.isBytes ?? false}
        />
      )}
    </TitledCard>
  );
}

/** History up to where the live points begin, then those. */
export function joinHistory(
  history: readonly ChartPoint[],
  live: readonly ChartPoint[],
): readonly ChartPoint[] {
  const liveFrom = live[0]?.atSeconds ?? Number.POSITIVE_INFINITY;
  return [...history.filter((point) => point.atSeconds < liveFrom), ...live];
}
