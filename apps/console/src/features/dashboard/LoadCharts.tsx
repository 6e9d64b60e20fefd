import type { ReactElement } from 'react';

import { clusterWindowSeconds, type ClusterLoad } from '../../api/samples';
import { useClusterLoad } from '../../api/useLive';
import type { ChartSeries } from '../../components/chart';
import { formatBytesPerSecond, formatCount, formatLatencySeconds } from '../../components/format';
import { LiveChart } from '../../components/LiveChart';
import { TitledCard } from './DashboardPage';

const shortWindowSeconds = 300;
const heightPx = 128;

/** What all VMs together ask of the storage, as it happens. */
export function LoadCharts({ vmsRunning }: { readonly vmsRunning: number }): ReactElement {
  const load = useClusterLoad();
  const windowSeconds = windowFor(load);
  const last = (points: ClusterLoad['opsPerSecond']): number => points.at(-1)?.value ?? 0;
  const isQuiet = vmsRunning === 0 && load.opsPerSecond.length === 0;
  return (
    <>
      <LoadCard
        title="Operations"
        now={isQuiet ? null : `${formatCount(Math.round(last(load.opsPerSecond)))} /s`}
        series={[{ label: 'Operations', points: load.opsPerSecond }]}
        formatValue={(value) => formatCount(value)}
        windowSeconds={windowSeconds}
      />
      <LoadCard
        title="Throughput"
        now={
          isQuiet
            ? null
            : formatBytesPerSecond(last(load.readBytesPerSecond) + last(load.writeBytesPerSecond))
        }
        series={[
          { label: 'Read', points: load.readBytesPerSecond },
          { label: 'Write', points: load.writeBytesPerSecond },
        ]}
        formatValue={formatBytesPerSecond}
        windowSeconds={windowSeconds}
      />
      <LoadCard
        title="Latency"
        now={isQuiet ? null : formatLatencySeconds(last(load.latencySeconds))}
        series={[{ label: 'Latency', points: load.latencySeconds }]}
        formatValue={formatLatencySeconds}
        windowSeconds={windowSeconds}
      />
    </>
  );
}

/** Five minutes at first; the whole hour once the page has seen more. */
function windowFor(load: ClusterLoad): number {
  const first = load.opsPerSecond[0];
  const last = load.opsPerSecond.at(-1);
  const seenSeconds = first && last ? last.atSeconds - first.atSeconds : 0;
  return seenSeconds > shortWindowSeconds ? clusterWindowSeconds : shortWindowSeconds;
}

function LoadCard(props: {
  readonly title: string;
  /** Null while no VM runs: there is nothing to draw. */
  readonly now: string | null;
  readonly series: readonly ChartSeries[];
  readonly formatValue: (value: number) => string;
  readonly windowSeconds: number;
}): ReactElement {
  return (
    <TitledCard
      title={props.title}
      className="load-card"
      link={<span className="load-now">{props.now}</span>}
    >
      {props.now === null ? (
        <p className="subtle load-quiet">No VM is running, so there is no load.</p>
      ) : (
        <>
          <LiveChart
            label={props.title}
            series={props.series}
            formatValue={props.formatValue}
            windowSeconds={props.windowSeconds}
            heightPx={heightPx}
          />
          <SeriesLegend series={props.series} />
        </>
      )}
    </TitledCard>
  );
}

/** Names the colours of a chart; nothing for a single series. */
export function SeriesLegend({
  series,
}: {
  readonly series: readonly ChartSeries[];
}): ReactElement | null {
  if (series.length < 2) return null;
  return (
    <p className="series-legend">
      {series.map((each, index) => (
        <span key={each.label}>
          <i className={`series-swatch is-${index + 1}`} />
          {each.label}
        </span>
      ))}
    </p>
  );
}
