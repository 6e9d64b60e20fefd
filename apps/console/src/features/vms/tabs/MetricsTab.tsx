import { metricsRanges, type MetricsRange, type Vm, type VmMetrics } from '@cairn/contracts';
import { ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import { useMemo, type ReactElement } from 'react';
import { useSearchParams } from 'react-router';

import { useVmMetrics } from '../../../api/collections';
import { DataView } from '../../../components/DataView';
import { NothingHere } from '../../../components/States';
import { isPoweredOn } from '../vmView';
import { historyOf } from './history';
import { VmCharts } from './VmCharts';

const ranges: readonly (readonly [MetricsRange, string])[] = [
  ['10m', '10 minutes'],
  ['1h', '1 hour'],
  ['6h', '6 hours'],
  ['24h', '24 hours'],
  ['7d', '7 days'],
];

/** The graphs of a VM over a chosen time; the newest end is live. */
export function MetricsTab({ vm }: { readonly vm: Vm }): ReactElement {
  const [params, setParams] = useSearchParams();
  const range = ranges.find(([key]) => key === params.get('range'))?.[0] ?? '10m';
  const metrics = useVmMetrics(vm.id, range);
  return (
    <>
      <ToggleGroup aria-label="Time range" className="range-toggle">
        {ranges.map(([key, label]) => (
          <ToggleGroupItem
            key={key}
            text={label}
            buttonId={`range-${key}`}
            isSelected={key === range}
            onChange={() => setParams({ range: key }, { replace: true })}
          />
        ))}
      </ToggleGroup>
      <DataView query={metrics} what="the metrics">
        {(data) => <Graphs vm={vm} metrics={data} range={range} />}
      </DataView>
    </>
  );
}

function Graphs({
  vm,
  metrics,
  range,
}: {
  readonly vm: Vm;
  readonly metrics: VmMetrics;
  readonly range: MetricsRange;
}): ReactElement {
  const history = useMemo(() => historyOf(metrics), [metrics]);
  if (metrics.timestamps.length === 0 && !isPoweredOn(vm.status.state)) {
    return (
      <NothingHere isSmall title="Nothing was measured in this time">
        Graphs begin when the VM runs.
      </NothingHere>
    );
  }
  return (
    <VmCharts vmId={vm.id} history={history} windowSeconds={metricsRanges[range]} heightPx={170} />
  );
}
