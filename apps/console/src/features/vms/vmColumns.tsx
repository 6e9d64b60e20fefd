import type { Vm } from '@cairn/contracts';
import { useContext, useMemo, useSyncExternalStore, type ReactElement } from 'react';
import { Link } from 'react-router';

import { useNodes } from '../../api/collections';
import { LiveContext } from '../../api/useLive';
import { formatBytes, formatBytesPerSecond, formatRatio } from '../../components/format';
import { StatusText } from '../../components/StatusLabel';
import type { Column } from '../../components/ResourceTable';
import { UsageBar } from '../../components/UsageBar';
import { Tags } from './VmListPage';
import { isPoweredOn, totalDiskBytes, vmAddresses, vmStatusView } from './vmView';

/** The columns of the list of VMs. */
export function useVmColumns(): readonly Column<Vm>[] {
  const nodes = useNodes().data;
  return useMemo(() => {
    const nodeNames = new Map((nodes ?? []).map((node) => [node.id, node.name]));
    return [
      {
        key: 'name',
        title: 'Name',
        sortValue: (vm) => vm.name,
        width: 30,
        render: (vm) => (
          <span className="name-cell">
            <Link to={`/vms/${vm.id}`}>{vm.name}</Link>
            <Tags tags={vm.tags} />
          </span>
        ),
      },
      {
        key: 'state',
        title: 'State',
        sortValue: (vm) => vmStatusView(vm).label,
        render: (vm) => <StatusText view={vmStatusView(vm)} />,
        modifier: 'nowrap',
      },
      {
        key: 'cpu',
        title: 'CPU',
        sortValue: (vm) => vm.status.cpuRatio,
        render: (vm) => <CpuCell vm={vm} />,
        modifier: 'nowrap',
      },
      {
        key: 'memory',
        title: 'Memory',
        sortValue: (vm) => vm.memoryBytes,
        render: (vm) => formatBytes(vm.memoryBytes),
        isNumeric: true,
        modifier: 'nowrap',
      },
      {
        key: 'disk',
        title: 'Disk',
        sortValue: totalDiskBytes,
        render: (vm) => formatBytes(totalDiskBytes(vm)),
        isNumeric: true,
        modifier: 'nowrap',
      },
      {
        key: 'io',
        title: 'Disk I/O',
        render: (vm) => <IoCell vm={vm} />,
        isNumeric: true,
        modifier: 'nowrap',
      },
      {
        key: 'address',
        title: 'Address',
        sortValue: (vm) => vmAddresses(vm)[0] ?? null,
        render: (vm) => <code>{vmAddresses(vm)[0] ?? '–'}</code>,
        modifier: 'nowrap',
      },
      {
        key: 'node',
        title: 'Node',
        sortValue: (vm) => nodeNames.get(vm.status.nodeId ?? '') ?? null,
        render: (vm) => nodeNames.get(vm.status.nodeId ?? '') ?? '–',
        modifier: 'nowrap',
      },
    ];
  }, [nodes]);
}

const never = (): (() => void) => () => undefined;

function CpuCell({ vm }: { readonly vm: Vm }): ReactElement {
  const samples = useContext(LiveContext)?.samples;
  const live = useSyncExternalStore(
    samples?.subscribe ?? never,
    () => samples?.getSeries(vm.id).cpuRatio?.at(-1)?.value ?? null,
  );
  const cpus = `${vm.vcpus} vCPU`;
  if (!isPoweredOn(vm.status.state)) return <span className="subtle">{cpus}</span>;
  const ratio = live ?? vm.status.cpuRatio;
  if (ratio === null) return <span>{cpus}</span>;
  return (
    <span className="cpu-cell">
      <UsageBar label={`CPU of ${vm.name}`} used={ratio} total={1} />
      <span className="cpu-cell-text">
        {formatRatio(ratio)} of {vm.vcpus}
      </span>
    </span>
  );
}

function IoCell({ vm }: { readonly vm: Vm }): ReactElement {
  const samples = useContext(LiveContext)?.samples;
  const bytes = useSyncExternalStore(samples?.subscribe ?? never, () => {
    const series = samples?.getSeries(vm.id);
    const read = series?.diskReadBytesPerSecond?.at(-1)?.value;
    const write = series?.diskWriteBytesPerSecond?.at(-1)?.value;
    return read === undefined && write === undefined ? null : (read ?? 0) + (write ?? 0);
  });
  if (!isPoweredOn(vm.status.state) || bytes === null) return <span className="subtle">–</span>;
  return <span>{formatBytesPerSecond(bytes)}</span>;
}
