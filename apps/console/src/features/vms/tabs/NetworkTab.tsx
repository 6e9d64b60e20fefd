import type { Vm, VmNic } from '@cairn/contracts';
import { Button, Switch } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState, type ReactElement } from 'react';

import { useMay } from '../../../api/session';
import { useRun } from '../../../api/useRun';
import { CopyText } from '../../../components/CopyText';
import { GuardedButton } from '../../../components/GuardedButton';
import { PlusIcon, TrashIcon } from '../../../components/icons';
import { NothingHere } from '../../../components/States';
import { refusalReason } from '../../../components/tone';
import { AddNicModal } from '../actions/AddNic';
import { RemoveNicModal } from '../actions/RemoveNic';
import { networkText, nicModelWords } from '../diskView';
import { mayChangeOffline } from '../vmView';

/** The network cards of a VM. */
export function NetworkTab({ vm }: { readonly vm: Vm }): ReactElement {
  const [isAdding, setAdding] = useState(false);
  const canChange = useMay()('vms:update');
  return (
    <>
      {canChange && (
        <div className="tab-toolbar">
          <Button icon={<PlusIcon />} variant="secondary" onClick={() => setAdding(true)}>
            Add network card
          </Button>
        </div>
      )}
      {vm.nics.length === 0 ? (
        <NothingHere isSmall title="This VM has no network card" />
      ) : (
        <Table variant="compact" aria-label={`Network cards of ${vm.name}`}>
          <Thead>
            <Tr>
              <Th>Card</Th>
              <Th>Network</Th>
              <Th>Hardware address</Th>
              <Th>Addresses</Th>
              <Th>Cable</Th>
              <Th screenReaderText="Actions" />
            </Tr>
          </Thead>
          <Tbody>
            {vm.nics.map((nic, index) => (
              <NicRow
                key={nic.id}
                vm={vm}
                nic={nic}
                title={`Card ${index + 1}`}
                canChange={canChange}
              />
            ))}
          </Tbody>
        </Table>
      )}
      {isAdding && <AddNicModal vm={vm} onClose={() => setAdding(false)} />}
    </>
  );
}

function NicRow({
  vm,
  nic,
  title,
  canChange,
}: {
  readonly vm: Vm;
  readonly nic: VmNic;
  readonly title: string;
  readonly canChange: boolean;
}): ReactElement {
  const [isRemoving, setRemoving] = useState(false);
  const run = useRun();
  const plug = (connected: boolean): void => {
    void run(`${connected ? 'plug in' : 'unplug'} ${title} of ${vm.name}`, (gateway) =>
      gateway.call('updateVmNic', { params: { vmId: vm.id, nicId: nic.id }, body: { connected } }),
    );
  };
  return (
    <Tr>
      <Td dataLabel="Card">
        {title} <span className="subtle">{nicModelWords[nic.model]}</span>
      </Td>
      <Td dataLabel="Network">{networkText(nic.network)}</Td>
      <Td dataLabel="Hardware address">
        <CopyText text={nic.mac} label="hardware address" />
      </Td>
      <Td dataLabel="Addresses">
        {nic.ips.length === 0 ? (
          <span className="subtle">{vm.status.guestAgent ? 'None' : 'Unknown'}</span>
        ) : (
          nic.ips.map((ip) => <CopyText key={ip} text={ip} label={`address ${ip}`} />)
        )}
      </Td>
      <Td dataLabel="Cable">
        <Switch
          id={`cable-${nic.id}`}
          aria-label={`Cable of ${title}`}
          label={nic.connected ? 'Plugged in' : 'Unplugged'}
          isChecked={nic.connected}
          isDisabled={!canChange}
          onChange={(_event, isChecked) => plug(isChecked)}
        />
      </Td>
      <Td isActionCell>
        {canChange && (
          <GuardedButton
            variant="plain"
            size="sm"
            icon={<TrashIcon />}
            aria-label={`Remove ${title}`}
            disabledReason={
              nic.model === 'virtio-net' ? undefined : refusalReason(mayChangeOffline(vm))
            }
            onClick={() => setRemoving(true)}
          />
        )}
        {isRemoving && (
          <RemoveNicModal vm={vm} nic={nic} title={title} onClose={() => setRemoving(false)} />
        )}
      </Td>
    </Tr>
  );
}
