import type { ReactElement } from 'react';
import { useParams } from 'react-router';

import { useVm } from '../../../api/collections';
import { DataView } from '../../../components/DataView';
import { useDocumentTitle } from '../../../components/PageHeader';
import { startVm } from '../actions/startVm';
import { useVmAction } from '../useVmAction';
import ConsoleTab from './ConsoleTab';

/** A console in a window of its own. */
export default function ConsoleWindow(): ReactElement {
  const { vmId = '', kind: wanted } = useParams();
  const kind = wanted === 'serial' ? 'serial' : 'vnc';
  const vm = useVm(vmId);
  const { ask, dialog } = useVmAction();
  useDocumentTitle(`${vm.data?.name ?? 'VM'} ${kind === 'vnc' ? 'screen' : 'serial port'}`);
  return (
    <main className="console-window">
      <DataView query={vm} what="the VM">
        {(data) => (
          <ConsoleTab vm={data} kind={kind} isFilling onStart={() => ask(startVm, [data])} />
        )}
      </DataView>
      {dialog}
    </main>
  );
}
