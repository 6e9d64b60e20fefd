import type { ReactElement } from 'react';

import { formatRatio } from './format';

export interface UsageBarProps {
  /** What is measured, for screen readers: "Memory". */
  readonly label: string;
  readonly used: number;
  readonly total: number;
  /** Promised to guests; drawn as a mark behind the used part, may exceed the total. */
  readonly committed?: number | undefined;
  /** Shares of the total from which the bar turns yellow and red. */
  readonly warnAt?: number;
  readonly dangerAt?: number;
}

/** A horizontal bar of used and committed against total. */
export function UsageBar(props: UsageBarProps): ReactElement {
  const { used, total, committed, warnAt = 0.8, dangerAt = 0.9 } = props;
  const ratio = share(used, total);
  const level = ratio >= dangerAt ? 'danger' : ratio >= warnAt ? 'warning' : 'normal';
  return (
    <div
      className="usage-bar"
      role="meter"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(ratio * 100)}
      aria-valuetext={`${formatRatio(ratio)} used`}
    >
      {committed !== undefined && (
        <span className="usage-bar-committed" style={{ width: percent(share(committed, total)) }} />
      )}
      <span className={`usage-bar-used is-${level}`} style={{ width: percent(ratio) }} />
    </div>
  );
}

function share(part: number, total: number): number {
  if (!(total > 0) || !Number.isFinite(part)) return 0;
  return Math.min(1, Math.max(0, part / total));
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(2)}%`;
}
