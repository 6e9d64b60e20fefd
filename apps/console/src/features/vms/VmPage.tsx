import type { Vm } from '@cairn/contracts';
import { PageSection, Tab, Tabs, TabTitleText } from '@patternfly/react-core';
import { lazy, Suspense, useCallback, type ReactElement } from 'react';
import { useNavigate, useParams } from 'react-router';

import { useVm } from '../../api/collections';
import { useMay } from '../../api/session';
import { DataView } from '../../components/DataView';
import { GuardedButton } from '../../components/GuardedButton';
import { PageHeader } from '../../components/PageHeader';
import { problemIn } from '../../components/problem';
import { StatusLabel } from '../../components/StatusLabel';
import { LoadingState, NothingHere } from '../../components/States';
import { refusalReason } from '../../components/tone';
import type { VmAction } from './actions/vmAction';
import { resumeVm } from './actions/resumeVm';
import { shutdownVm } from './actions/shutdownVm';
import { startVm } from './actions/startVm';
import { DisksTab } from './tabs/DisksTab';
import { MetricsTab } from './tabs/MetricsTab';
import { NetworkTab } from './tabs/NetworkTab';
import { OverviewTab } from './tabs/OverviewTab';
import { SettingsTab } from './tabs/SettingsTab';
import { TimelineTab } from './tabs/TimelineTab';
import { VmActionsMenu } from './VmActionsMenu';
import { Tags } from './VmListPage';
import { useVmAction } from './useVmAction';
import { vmSizeLine, vmStatusView } from './vmView';

const ConsoleTab = lazy(() => import('./console/ConsoleTab'));

const tabs = [
  ['overview', 'Overview'],
  ['console', 'Console'],
  ['serial', 'Serial'],
  ['disks', 'Disks'],
  ['network', 'Network'],
  ['metrics', 'Metrics'],
  ['timeline', 'Timeline'],
  ['settings', 'Settings'],
] as const;

type TabKey = (typeof tabs)[number][0];

const crumbs = [{ label: 'Virtual machines', to: '/vms' }];

/** Everything about one VM. */
export function VmPage(): ReactElement {
  const { vmId = '' } = useParams();
  const vm = useVm(vmId);
  if (problemIn(vm.error)?.code === 'vm.notFound' && !vm.data) return <VmGone />;
  return (
    <DataView query={vm} what="the VM" loading={<VmLoading />}>
      {(data) => <VmView vm={data} />}
    </DataView>
  );
}

function VmView({ vm }: { readonly vm: Vm }): ReactElement {
  const navigate = useNavigate();
  const may = useMay();
  const { tab: wanted } = useParams();
  const leaveAfterDelete = useCallback(
    (action: VmAction) => {
      if (action.id === 'delete') void navigate('/vms');
    },
    [navigate],
  );
  const { ask, dialog } = useVmAction(leaveAfterDelete);
  const visible = tabs.filter(([key]) => !isConsole(key) || may('vms:console'));
  const active: TabKey = visible.find(([key]) => key === wanted)?.[0] ?? 'overview';
  return (
    <>
      <PageHeader
        title={vm.name}
        crumbs={crumbs}
        badge={
          <>
            <StatusLabel view={vmStatusView(vm)} />
            <Tags tags={vm.tags} />
          </>
        }
        description={[vmSizeLine(vm), vm.description].filter(Boolean).join(' — ')}
        actions={<HeaderActions vm={vm} ask={ask} />}
      />
      <PageSection hasBodyWrapper={false} className="tabs-section" type="tabs">
        <Tabs
          activeKey={active}
          onSelect={(_event, key) =>
            void navigate(`/vms/${vm.id}/${String(key)}`, { replace: true })
          }
          aria-label={`Parts of ${vm.name}`}
          component="nav"
        >
          {visible.map(([key, title]) => (
            <Tab
              key={key}
              eventKey={key}
              title={<TabTitleText>{title}</TabTitleText>}
              href={`/vms/${vm.id}/${key}`}
            />
          ))}
        </Tabs>
      </PageSection>
      <PageSection hasBodyWrapper={false} isFilled className={`tab-body is-${active}`}>
        <Suspense fallback={<LoadingState label="the tab" />}>
          <TabBody vm={vm} tab={active} ask={ask} />
        </Suspense>
      </PageSection>
      {dialog}
    </>
  );
}

function isConsole(tab: TabKey): boolean {
  return tab === 'console' || tab === 'serial';
}

function TabBody({
  vm,
  tab,
  ask,
}: {
  readonly vm: Vm;
  readonly tab: TabKey;
  readonly ask: (action: VmAction, vms: readonly Vm[]) => void;
}): ReactElement {
  switch (tab) {
    case 'overview':
      return <OverviewTab vm={vm} />;
    case 'console':
      return <ConsoleTab vm={vm} kind="vnc" onStart={() => ask(startVm, [vm])} />;
    case 'serial':
      return <ConsoleTab vm={vm} kind="serial" onStart={() => ask(startVm, [vm])} />;
    case 'disks':
      return <DisksTab vm={vm} />;
    case 'network':
      return <NetworkTab vm={vm} />;
    case 'metrics':
      return <MetricsTab vm={vm} />;
    case 'timeline':
      return <TimelineTab vm={vm} />;
    case 'settings':
      return <SettingsTab vm={vm} />;
  }
}

function HeaderActions({
  vm,
  ask,
}: {
  readonly vm: Vm;
  readonly ask: (action: VmAction, vms: readonly Vm[]) => void;
}): ReactElement {
  const may = useMay();
  const main = mainAction(vm);
  const Icon = main.icon;
  return (
    <>
      {may(main.permission) && (
        <GuardedButton
          variant={main === shutdownVm ? 'secondary' : 'primary'}
          icon={<Icon />}
          disabledReason={refusalReason(main.check(vm))}
          onClick={() => ask(main, [vm])}
        >
          {main.label}
        </GuardedButton>
      )}
      <VmActionsMenu vm={vm} ask={ask} label="Actions" />
    </>
  );
}

/** What an operator most likely wants next. */
function mainAction(vm: Vm): VmAction {
  switch (vm.status.state) {
    case 'running':
    case 'stopping':
      return shutdownVm;
    case 'paused':
      return resumeVm;
    default:
      return startVm;
  }
}

function VmLoading(): ReactElement {
  return (
    <PageSection hasBodyWrapper={false} isFilled>
      <LoadingState label="the VM" />
    </PageSection>
  );
}

function VmGone(): ReactElement {
  const navigate = useNavigate();
  return (
    <>
      <PageHeader title="Virtual machine" crumbs={crumbs} />
      <PageSection hasBodyWrapper={false} isFilled>
        <NothingHere
          title="This VM no longer exists"
          actions={
            <GuardedButton variant="primary" onClick={() => void navigate('/vms')}>
              To the list of VMs
            </GuardedButton>
          }
        >
          It may have been deleted meanwhile; the tasks tell by whom.
        </NothingHere>
      </PageSection>
    </>
  );
}
