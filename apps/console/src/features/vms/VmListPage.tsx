import type { Vm } from '@cairn/contracts';
import { Button, Label, LabelGroup, PageSection } from '@patternfly/react-core';
import { useCallback, useMemo, useState, type ReactElement } from 'react';
import { Link, useNavigate } from 'react-router';

import { useVms } from '../../api/collections';
import { useMay } from '../../api/session';
import { DataView } from '../../components/DataView';
import { GuardedButton } from '../../components/GuardedButton';
import { PlusIcon, VirtualMachineIcon } from '../../components/icons';
import { PageHeader } from '../../components/PageHeader';
import { pluralize } from '../../components/format';
import { filterItems, type FieldsOf } from '../../components/query';
import { QueryBar } from '../../components/QueryBar';
import { ResourceTable } from '../../components/ResourceTable';
import { NothingHere } from '../../components/States';
import { useListState } from '../../components/useListState';
import { applicable, type VmAction } from './actions/vmAction';
import { bulkActions } from './vmActions';
import { VmActionsMenu } from './VmActionsMenu';
import { useVmAction } from './useVmAction';
import { useVmColumns } from './vmColumns';
import { vmAddresses, vmStatusView } from './vmView';

const fieldsOf: FieldsOf<Vm> = (vm) => ({
  name: [vm.name],
  state: [vm.status.state, vmStatusView(vm).label],
  tag: vm.tags,
  ip: vmAddresses(vm),
  description: [vm.description],
  firmware: [vm.firmware],
});

const noneSelected: ReadonlySet<string> = new Set();

/** All virtual machines: search, select, act. */
export function VmListPage(): ReactElement {
  const vms = useVms();
  const may = useMay();
  const navigate = useNavigate();
  const canCreate = may('vms:create');
  const create = canCreate && (
    <Button icon={<PlusIcon />} onClick={() => void navigate('/vms/create')}>
      Create VM
    </Button>
  );
  return (
    <>
      <PageHeader title="Virtual machines" actions={create} />
      <PageSection hasBodyWrapper={false} isFilled>
        <DataView query={vms} what="virtual machines">
          {(items) =>
            items.length === 0 ? (
              <NothingHere
                title="No virtual machine yet"
                icon={VirtualMachineIcon}
                actions={create}
              >
                A VM boots from a disk made from an image, or from an installation ISO. Without an
                image at hand, build the demo image under <Link to="/images">Images and ISOs</Link>:
                it takes seconds.
              </NothingHere>
            ) : (
              <VmTable vms={items} />
            )
          }
        </DataView>
      </PageSection>
    </>
  );
}

function VmTable({ vms }: { readonly vms: readonly Vm[] }): ReactElement {
  const list = useListState('name');
  const [selected, setSelected] = useState(noneSelected);
  const clear = useCallback(() => setSelected(noneSelected), []);
  const { ask, dialog } = useVmAction(clear);
  const columns = useVmColumns();
  const shown = useMemo(() => filterItems(vms, list.query, fieldsOf), [vms, list.query]);
  const chosen = shown.filter((vm) => selected.has(vm.id));
  return (
    <>
      <QueryBar
        what="virtual machines"
        query={list.query}
        onQueryChange={list.setQuery}
        hint="Search: name, state:running, tag:web, -tag:test …  ( / )"
        shortcuts={shortcutsFor(vms)}
        found={shown.length}
        total={vms.length}
      />
      {chosen.length > 0 && <BulkBar chosen={chosen} ask={ask} onClear={clear} />}
      {shown.length === 0 ? (
        <NothingHere isSmall title="No VM matches the search">
          {pluralize(vms.length, 'VM')} in all.{' '}
          <Button variant="link" isInline onClick={() => list.setQuery('')}>
            Clear the search
          </Button>
        </NothingHere>
      ) : (
        <ResourceTable
          label="Virtual machines"
          items={shown}
          idOf={(vm) => vm.id}
          nameOf={(vm) => vm.name}
          columns={columns}
          list={list}
          selection={{ ids: selected, onChange: setSelected }}
          rowActions={(vm) => <VmActionsMenu vm={vm} ask={ask} />}
        />
      )}
      {dialog}
    </>
  );
}

function BulkBar({
  chosen,
  ask,
  onClear,
}: {
  readonly chosen: readonly Vm[];
  readonly ask: (action: VmAction, vms: readonly Vm[]) => void;
  readonly onClear: () => void;
}): ReactElement {
  const may = useMay();
  return (
    <div className="bulk-bar" role="toolbar" aria-label="Actions on the selection">
      <strong>{pluralize(chosen.length, 'VM')} selected</strong>
      {bulkActions
        .filter((action) => may(action.permission))
        .map((action) => {
          const fit = applicable(action, chosen);
          const Icon = action.icon;
          return (
            <GuardedButton
              key={action.id}
              variant="secondary"
              size="sm"
              icon={<Icon />}
              isDanger={action.isDanger}
              disabledReason={
                fit.length === 0 ? `None of them can be asked to ${action.verb} now` : undefined
              }
              onClick={() => ask(action, fit)}
            >
              {fit.length === 0 || fit.length === chosen.length
                ? action.label
                : `${action.label} ${fit.length}`}
            </GuardedButton>
          );
        })}
      <Button variant="link" size="sm" onClick={onClear}>
        Clear selection
      </Button>
    </div>
  );
}

/** Terms that make sense for what is there: the states and the most used tags. */
function shortcutsFor(vms: readonly Vm[]): readonly string[] {
  const states = new Set(vms.map((vm) => `state:${vm.status.state}`));
  const uses = new Map<string, number>();
  for (const tag of vms.flatMap((vm) => vm.tags)) uses.set(tag, (uses.get(tag) ?? 0) + 1);
  const tags = [...uses].sort((a, b) => b[1] - a[1]).slice(0, 5);
  return [...[...states].sort(), ...tags.map(([tag]) => `tag:${tag}`)];
}

/** The tags of a VM. */
export function Tags({ tags }: { readonly tags: readonly string[] }): ReactElement | null {
  if (tags.length === 0) return null;
  return (
    <LabelGroup numLabels={4} aria-label="Tags">
      {tags.map((tag) => (
        <Label key={tag} isCompact variant="outline">
          {tag}
        </Label>
      ))}
    </LabelGroup>
  );
}
