import type { Condition, Node } from '@cairn/contracts';
import { Alert, PageSection } from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { Link, useParams } from 'react-router';

import { useDrives, useNode, useVms } from '../../api/collections';
import { CopyText } from '../../components/CopyText';
import { DataView } from '../../components/DataView';
import { Facts } from '../../components/Facts';
import { formatBytes, formatDurationSeconds, formatRatio } from '../../components/format';
import { PageHeader } from '../../components/PageHeader';
import { StatusLabel, StatusText, ToneIcon } from '../../components/StatusLabel';
import { UsageBar } from '../../components/UsageBar';
import { isTrouble } from '../dashboard/clusterView';
import { TitledCard } from '../../components/TitledCard';
import { driveStatusView } from '../drives/driveView';
import { vmSizeLine, vmStatusView } from '../vms/vmView';
import { acceleratorView, nodeStatusView } from './nodeView';

const crumbs = [{ label: 'Nodes', to: '/nodes' }];

/** One server: what it is, what it runs, and how. */
export function NodePage(): ReactElement {
  const { nodeId = '' } = useParams();
  const node = useNode(nodeId);
  return (
    <DataView query={node} what="the node">
      {(data) => <NodeView node={data} />}
    </DataView>
  );
}

function NodeView({ node }: { readonly node: Node }): ReactElement {
  const accelerator = acceleratorView(node.status.accelerator);
  return (
    <>
      <PageHeader
        title={node.name}
        crumbs={crumbs}
        badge={<StatusLabel view={nodeStatusView(node)} />}
        description={`${node.cpu.model}, ${node.cpu.threadsTotal} threads, ${formatBytes(node.memoryTotalBytes)}`}
      />
      <PageSection hasBodyWrapper={false} isFilled>
        <div className="overview-grid">
          {accelerator.status.tone !== 'success' && (
            <div className="overview-alerts">
              <Alert
                isInline
                variant="warning"
                title={`Guests run in software (TCG): ${node.status.accelerator.reason}`}
              >
                {accelerator.advice}
              </Alert>
            </div>
          )}
          <TitledCard title="Use">
            <UseFacts node={node} />
          </TitledCard>
          <TitledCard title="System">
            <SystemFacts node={node} />
          </TitledCard>
          <TitledCard title="Virtual machines">
            <NodeVms nodeId={node.id} />
          </TitledCard>
          <TitledCard title="Drives">
            <NodeDrives nodeId={node.id} />
          </TitledCard>
          {node.status.conditions.length > 0 && (
            <TitledCard title="Conditions">
              <Conditions conditions={node.status.conditions} />
            </TitledCard>
          )}
        </div>
      </PageSection>
    </>
  );
}

function UseFacts({ node }: { readonly node: Node }): ReactElement {
  const { cpuUsedRatio, memoryUsedBytes } = node.status;
  return (
    <Facts
      facts={[
        {
          term: 'CPU',
          value: cpuUsedRatio !== null && (
            <span className="fact-with-bar">
              {formatRatio(cpuUsedRatio)} busy
              <UsageBar label="CPU" used={cpuUsedRatio} total={1} />
            </span>
          ),
        },
        {
          term: 'Memory',
          value: memoryUsedBytes !== null && (
            <span className="fact-with-bar">
              {formatBytes(memoryUsedBytes)} used
              <UsageBar label="Memory" used={memoryUsedBytes} total={node.memoryTotalBytes} />
            </span>
          ),
        },
        {
          term: 'Up for',
          value:
            node.status.uptimeSeconds === null
              ? null
              : formatDurationSeconds(node.status.uptimeSeconds),
        },
        { term: 'Takes VMs', value: node.schedulable ? 'Yes' : 'No' },
      ]}
    />
  );
}

function SystemFacts({ node }: { readonly node: Node }): ReactElement {
  const { accelerator, bridges, privileged, kernelVersion, qemuVersion, uefi } = node.status;
  return (
    <Facts
      facts={[
        {
          term: 'Guests run on',
          value: <StatusText view={acceleratorView(accelerator).status} />,
        },
        { term: 'Self-test', value: accelerator.reason },
        { term: 'Address', value: <CopyText text={node.address} label="address" /> },
        {
          term: 'Bridges',
          value: bridges.length === 0 ? 'None; user-mode networking only' : bridges.join(', '),
        },
        { term: 'Rights', value: privileged ? 'Root' : 'No root: one user for all guests' },
        { term: 'UEFI', value: uefi ? 'Available' : 'Not installed' },
        { term: 'QEMU', value: qemuVersion },
        { term: 'Kernel', value: kernelVersion },
        { term: 'Cairn', value: node.version },
      ]}
    />
  );
}

function NodeVms({ nodeId }: { readonly nodeId: string }): ReactElement {
  const vms = useVms();
  return (
    <DataView query={vms} what="virtual machines">
      {(all) => {
        const own = all.filter((vm) => vm.status.nodeId === nodeId);
        if (own.length === 0) return <p className="subtle">No VM is here.</p>;
        return (
          <ul className="plain-list">
            {own.map((vm) => (
              <li key={vm.id}>
                <Link to={`/vms/${vm.id}`}>{vm.name}</Link>
                <StatusText view={vmStatusView(vm)} />
                <span className="subtle">{vmSizeLine(vm)}</span>
              </li>
            ))}
          </ul>
        );
      }}
    </DataView>
  );
}

function NodeDrives({ nodeId }: { readonly nodeId: string }): ReactElement {
  const drives = useDrives();
  return (
    <DataView query={drives} what="drives">
      {(all) => {
        const own = all.filter((drive) => drive.nodeId === nodeId);
        if (own.length === 0) {
          return (
            <p className="subtle">
              No drive of this node is in the pool. <Link to="/drives">Add one</Link>
            </p>
          );
        }
        return (
          <ul className="plain-list">
            {own.map((drive) => (
              <li key={drive.id}>
                <code>{drive.path}</code>
                <StatusText view={driveStatusView(drive)} />
                <span className="subtle">{formatBytes(drive.sizeBytes)}</span>
              </li>
            ))}
          </ul>
        );
      }}
    </DataView>
  );
}

function Conditions({ conditions }: { readonly conditions: readonly Condition[] }): ReactElement {
  return (
    <ul className="plain-list">
      {conditions.map((condition) => {
        const tone = isTrouble(condition) ? 'warning' : 'success';
        return (
          <li key={condition.type}>
            <span className={`tone-${tone}`}>
              <ToneIcon tone={tone} />
            </span>
            <strong>{condition.type}</strong>
            <span className="subtle">{condition.message}</span>
          </li>
        );
      })}
    </ul>
  );
}
