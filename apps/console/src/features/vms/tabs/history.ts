import type { VmMetrics, VmSeriesName } from '@cairn/contracts';

import type { VmSeries } from '../../../api/samples';
import type { ChartPoint } from '../../../components/chart';

/** Turns columns into points; what was not measured is left out. */
export function historyOf(metrics: VmMetrics): VmSeries {
  const series: Partial<Record<VmSeriesName, readonly ChartPoint[]>> = {};
  for (const [name, column] of columnsOf(metrics)) {
    series[name] = column.flatMap((value, index) => {
      const atSeconds = metrics.timestamps[index];
      return value === null || atSeconds === undefined ? [] : [{ atSeconds, value }];
    });
  }
  return series;
}

type ColumnEntry = readonly [VmSeriesName, readonly (number | null)[]];

function columnsOf({ series }: VmMetrics): readonly ColumnEntry[] {
  return [
    ['cpuRatio', series.cpuRatio],
    ['memoryUsedBytes', series.memoryUsedBytes],
    ['diskReadBytesPerSecond', series.diskReadBytesPerSecond],
    ['diskWriteBytesPerSecond', series.diskWriteBytesPerSecond],
    ['diskReadOpsPerSecond', series.diskReadOpsPerSecond],
    ['diskWriteOpsPerSecond', series.diskWriteOpsPerSecond],
    ['diskReadLatencySeconds', series.diskReadLatencySeconds],
    ['diskWriteLatencySeconds', series.diskWriteLatencySeconds],
    ['networkReceiveBytesPerSecond', series.networkReceiveBytesPerSecond],
    ['networkTransmitBytesPerSecond', series.networkTransmitBytesPerSecond],
  ];
}
