import type { ConsoleKind, Vm } from '@cairn/contracts';
import type { ReactElement } from 'react';

import { useConsoleUrl } from '../../../api/consoleTicket';
import { useMay } from '../../../api/session';
import { GuardedButton } from '../../../components/GuardedButton';
import { DesktopIcon, PlayIcon } from '../../../components/icons';
import { LoadingState, NothingHere } from '../../../components/States';
import { refusalReason } from '../../../components/tone';
import { mayOpenConsole, mayUseVerb } from '../vmView';
import { SerialView } from './SerialView';
import { VncView } from './VncView';

const windowFeatures = 'popup,width=1040,height=840';

export interface ConsoleTabProps {
  readonly vm: Vm;
  readonly kind: ConsoleKind;
  readonly onStart: () => void;
  /** The console has the whole window. */
  readonly isFilling?: boolean;
}

/** The screen or the serial port of a VM, or the way to get one. */
export default function ConsoleTab(props: ConsoleTabProps): ReactElement {
  const { vm, kind, isFilling = false } = props;
  const may = useMay();
  const getUrl = useConsoleUrl(vm.id, kind);
  const reason = refusalReason(mayOpenConsole(vm));
  if (vm.status.state === 'starting') return <LoadingState label="the guest" />;
  if (reason !== undefined) {
    return (
      <NothingHere
        title={kind === 'vnc' ? 'No screen' : 'No serial port'}
        icon={DesktopIcon}
        actions={
          may('vms:power') && (
            <GuardedButton
              icon={<PlayIcon />}
              disabledReason={refusalReason(mayUseVerb(vm, 'start'))}
              onClick={props.onStart}
            >
              Start {vm.name}
            </GuardedButton>
          )
        }
      >
        {reason}.
      </NothingHere>
    );
  }
  const View = kind === 'vnc' ? VncView : SerialView;
  return (
    <View
      key={`${vm.id} ${vm.status.startedAt ?? ''}`}
      vmName={vm.name}
      getUrl={getUrl}
      isFilling={isFilling}
      {...(isFilling ? {} : { onPopOut: () => popOut(vm, kind) })}
    />
  );
}

function popOut(vm: Vm, kind: ConsoleKind): void {
  window.open(`/vms/${vm.id}/window/${kind}`, `cairn-${kind}-${vm.id}`, windowFeatures);
}
