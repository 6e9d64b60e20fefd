import type { Vm } from '@cairn/contracts';
import { Alert } from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { Link } from 'react-router';

import { useNodes } from '../../../api/collections';
import { useVmSeries } from '../../../api/useLive';
import { CopyText } from '../../../components/CopyText';
import { Facts } from '../../../components/Facts';
import {
  formatBytes,
  formatBytesPerSecond,
  formatRatio,
  pluralize,
} from '../../../components/format';
import { RelativeTime } from '../../../components/RelativeTime';
import { StatusText } from '../../../components/StatusLabel';
import { UsageBar } from '../../../components/UsageBar';
import { TitledCard } from '../../../components/TitledCard';
import {
  acceleratorLabel,
  isPoweredOn,
  totalDiskBytes,
  vmAddresses,
  vmStatusView,
} from '../vmView';
import { VmCharts } from './VmCharts';

/** State, addresses and resources at one look. */
export function OverviewTab({ vm }: { readonly vm: Vm }): ReactElement {
  return (
    <div className="overview-grid">
      <Conditions vm={vm} />
      <TitledCard title="State">
        <StateFacts vm={vm} />
      </TitledCard>
      <TitledCard title="Resources">
        <ResourceFacts vm={vm} />
      </TitledCard>
      {isPoweredOn(vm.status.state) && (
        <div className="overview-charts">
          <VmCharts vmId={vm.id} />
        </div>
      )}
    </div>
  );
}

function Conditions({ vm }: { readonly vm: Vm }): ReactElement | null {
  const { lastError, restartPending } = vm.status;
  if (lastError === null && !restartPending) return null;
  return (
    <div className="overview-alerts">
      {lastError !== null && (
        <Alert isInline variant="danger" title="The last attempt failed">
          <span className="preserve-lines">{lastError}</span>
        </Alert>
      )}
      {restartPending && (
        <Alert isInline variant="info" title="A change waits for the next power cycle">
          Shut the VM down and start it again; a reboot from inside keeps the old hardware.
        </Alert>
      )}
    </div>
  );
}

function StateFacts({ vm }: { readonly vm: Vm }): ReactElement {
  const nodes = useNodes().data;
  const node = nodes?.find((each) => each.id === vm.status.nodeId);
  const addresses = vmAddresses(vm);
  return (
    <Facts
      facts={[
        { term: 'State', value: <StatusText view={vmStatusView(vm)} /> },
        {
          term: 'Since',
          value: <RelativeTime iso={vm.status.since} />,
        },
        { term: 'Node', value: node ? <Link to={`/nodes/${node.id}`}>{node.name}</Link> : null },
        { term: 'Runs on', value: acceleratorLabel(vm) },
        {
          term: 'Addresses',
          value:
            addresses.length === 0 ? (
              <span className="subtle">{addressHint(vm)}</span>
            ) : (
              addresses.map((ip) => <CopyText key={ip} text={ip} label={`address ${ip}`} />)
            ),
        },
        {
          term: 'Guest agent',
          value: vm.status.guestAgent ? 'Answers' : 'Does not answer',
        },
        { term: 'Machine', value: vm.status.machineType ?? vm.machineType },
        { term: 'Created', value: <RelativeTime iso={vm.createdAt} /> },
      ]}
    />
  );
}

function addressHint(vm: Vm): string {
  if (!isPoweredOn(vm.status.state)) return 'The VM is off';
  return vm.status.guestAgent ? 'None yet' : 'Unknown without a guest agent';
}

function ResourceFacts({ vm }: { readonly vm: Vm }): ReactElement {
  const series = useVmSeries(vm.id);
  const isOn = isPoweredOn(vm.status.state);
  const cpu = series.cpuRatio?.at(-1)?.value ?? vm.status.cpuRatio;
  const memory = series.memoryUsedBytes?.at(-1)?.value ?? vm.status.memoryUsedBytes;
  const disks = vm.disks.filter((disk) => disk.kind === 'disk');
  const rate = (name: 'diskReadBytesPerSecond' | 'diskWriteBytesPerSecond'): string =>
    formatBytesPerSecond(series[name]?.at(-1)?.value ?? 0);
  return (
    <Facts
      facts={[
        {
          term: 'CPU',
          value: (
            <span className="fact-with-bar">
              {pluralize(vm.vcpus, 'vCPU')}
              {isOn && cpu !== null && (
                <>
                  <UsageBar label="CPU" used={cpu} total={1} />
                  <span className="subtle">{formatRatio(cpu)}</span>
                </>
              )}
            </span>
          ),
        },
        {
          term: 'Memory',
          value: (
            <span className="fact-with-bar">
              {formatBytes(vm.memoryBytes)}
              {isOn && memory !== null && (
                <>
                  <UsageBar
                    label="Memory"
                    used={memory}
                    total={vm.memoryBytes}
                    dangerAt={2}
                    warnAt={2}
                  />
                  <span className="subtle">{formatBytes(memory)} resident</span>
                </>
              )}
            </span>
          ),
        },
        {
          term: 'Disks',
          value: (
            <Link to={`/vms/${vm.id}/disks`}>
              {pluralize(disks.length, 'disk')}, {formatBytes(totalDiskBytes(vm))}
            </Link>
          ),
        },
        {
          term: 'Disk I/O',
          value: isOn
            ? `${rate('diskReadBytesPerSecond')} read, ${rate('diskWriteBytesPerSecond')} written`
            : null,
        },
        {
          term: 'Network',
          value: (
            <Link to={`/vms/${vm.id}/network`}>{pluralize(vm.nics.length, 'network card')}</Link>
          ),
        },
        { term: 'Firmware', value: vm.firmware === 'uefi' ? 'UEFI' : 'BIOS' },
        { term: 'Boot order', value: vm.bootOrder.map((each) => bootWords[each]).join(', ') },
        { term: 'VM id', value: <CopyText text={vm.id} label="VM id" /> },
      ]}
    />
  );
}

const bootWords = { disk: 'disk', cdrom: 'optical drive', network: 'network' } as const;
