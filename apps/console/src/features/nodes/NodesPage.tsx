import type { Node } from '@cairn/contracts';
import { PageSection } from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { Link } from 'react-router';

import { useNodes } from '../../api/collections';
import { DataView } from '../../components/DataView';
import { formatBytes, formatDurationSeconds, formatRatio } from '../../components/format';
import { PageHeader } from '../../components/PageHeader';
import { ResourceTable, type Column } from '../../components/ResourceTable';
import { StatusText } from '../../components/StatusLabel';
import { UsageBar } from '../../components/UsageBar';
import { useListState } from '../../components/useListState';
import { acceleratorView, nodeStatusView } from './nodeView';

/** The servers of the cluster. */
export function NodesPage(): ReactElement {
  const nodes = useNodes();
  const list = useListState('name');
  return (
    <>
      <PageHeader title="Nodes" description="The servers of the cluster." />
      <PageSection hasBodyWrapper={false} isFilled>
        <DataView query={nodes} what="nodes">
          {(items) => (
            <ResourceTable
              label="Nodes"
              items={items}
              idOf={(node) => node.id}
              nameOf={(node) => node.name}
              columns={columns}
              list={list}
            />
          )}
        </DataView>
      </PageSection>
    </>
  );
}

const columns: readonly Column<Node>[] = [
  {
    key: 'name',
    title: 'Name',
    sortValue: (node) => node.name,
    render: (node) => <Link to={`/nodes/${node.id}`}>{node.name}</Link>,
  },
  {
    key: 'state',
    title: 'State',
    sortValue: (node) => nodeStatusView(node).label,
    render: (node) => <StatusText view={nodeStatusView(node)} />,
  },
  {
    key: 'accelerator',
    title: 'Guests run on',
    sortValue: (node) => node.status.accelerator.kind,
    render: (node) => <StatusText view={acceleratorView(node.status.accelerator).status} />,
  },
  {
    key: 'cpu',
    title: 'CPU',
    sortValue: (node) => node.status.cpuUsedRatio,
    render: (node) => (
      <NodeUse
        label={`CPU of ${node.name}`}
        ratio={node.status.cpuUsedRatio}
        text={`${node.cpu.threadsTotal} threads`}
      />
    ),
  },
  {
    key: 'memory',
    title: 'Memory',
    sortValue: (node) => node.status.memoryUsedBytes,
    render: (node) => (
      <NodeUse
        label={`Memory of ${node.name}`}
        ratio={
          node.status.memoryUsedBytes === null
            ? null
            : node.status.memoryUsedBytes / node.memoryTotalBytes
        }
        text={formatBytes(node.memoryTotalBytes)}
      />
    ),
  },
  {
    key: 'vms',
    title: 'VMs',
    sortValue: (node) => node.status.vmsRunning,
    render: (node) => node.status.vmsRunning,
    isNumeric: true,
  },
  {
    key: 'address',
    title: 'Address',
    sortValue: (node) => node.address,
    render: (node) => <code>{node.address}</code>,
  },
  {
    key: 'uptime',
    title: 'Up',
    sortValue: (node) => node.status.uptimeSeconds,
    render: (node) =>
      node.status.uptimeSeconds === null ? '–' : formatDurationSeconds(node.status.uptimeSeconds),
    modifier: 'nowrap',
  },
];

/** A bar with the share and the whole. */
function NodeUse({
  label,
  ratio,
  text,
}: {
  readonly label: string;
  readonly ratio: number | null;
  readonly text: string;
}): ReactElement {
  if (ratio === null) return <span className="subtle">{text}</span>;
  return (
    <span className="cpu-cell">
      <UsageBar label={label} used={ratio} total={1} />
      <span className="cpu-cell-text">
        {formatRatio(ratio)} of {text}
      </span>
    </span>
  );
}
