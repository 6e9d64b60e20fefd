import type { ReactElement } from 'react';

import { clusterWindowSeconds } from '../../api/samples';
import { useClusterLoad } from '../../api/useLive';
import type { ChartSeries } from '../../components/chart';
import { formatBytesPerSecond, formatCount, formatLatencySeconds } from '../../components/format';
import { LiveChart } from '../../components/LiveChart';
import { SeriesLegend } from '../../components/SeriesLegend';
import { TitledCard } from '../../components/TitledCard';

const heightPx = 128;

/** What all VMs together ask of the storage, as it happens. */
export function LoadCharts({ vmsRunning }: { readonly vmsRunning: number }): ReactElement {
  const load = useClusterLoad();
  if (vmsRunning === 0 && load.opsPerSecond.length === 0) return <Quiet />;
  return (
    <>
      <LoadCard
        title="Operations"
        series={[{ label: 'Operations', points: load.opsPerSecond }]}
        formatValue={(value) => `${formatCount(Math.round(value))}/s`}
      />
      <LoadCard
        title="Throughput"
        series={[
          { label: 'Read', points: load.readBytesPerSecond },
          { label: 'Write', points: load.writeBytesPerSecond },
        ]}
        formatValue={formatBytesPerSecond}
        isBytes
      />
      <LoadCard
        title="Latency"
        series={[{ label: 'Latency', points: load.latencySeconds }]}
        formatValue={formatLatencySeconds}
      />
    </>
  );
}

function Quiet(): ReactElement {
  return (
    <TitledCard title="Load">
      <p className="subtle">
        No VM is running. Operations, throughput and latency of the storage appear here as soon as
        one does.
      </p>
    </TitledCard>
  );
}

function LoadCard(props: {
  readonly title: string;
  readonly series: readonly ChartSeries[];
  readonly formatValue: (value: number) => string;
  readonly isBytes?: boolean;
}): ReactElement {
  return (
    <TitledCard
      title={props.title}
      className="load-card"
      link={<SeriesLegend series={props.series} formatValue={props.formatValue} />}
    >
      <LiveChart
        label={props.title}
        series={props.series}
        formatValue={props.formatValue}
        windowSeconds={clusterWindowSeconds}
        heightPx={heightPx}
        isBytes={props.isBytes ?? false}
      />
    </TitledCard>
  );
}
