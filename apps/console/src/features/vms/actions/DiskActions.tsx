import type { Vm, VmDisk } from '@cairn/contracts';
import { Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { useRun } from '../../../api/useRun';
import { EllipsisVIcon } from '../../../components/icons';
import { refusalReason } from '../../../components/tone';
import { diskTitle, mayRemoveDisk } from '../diskView';
import { InsertMediaModal } from './InsertMedia';
import { DiskLimitsModal } from './LimitDisk';
import { RemoveDiskModal } from './RemoveDisk';
import { ResizeDiskModal } from './ResizeDisk';

type Open = 'none' | 'resize' | 'limits' | 'insert' | 'remove';

/** The verbs of one disk or optical drive. */
export function DiskActions({
  vm,
  disk,
}: {
  readonly vm: Vm;
  readonly disk: VmDisk;
}): ReactElement {
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [open, setOpen] = useState<Open>('none');
  const run = useRun();
  const close = (): void => setOpen('none');
  const item = (key: Open, label: string, reason?: string): ReactElement => (
    <DropdownItem
      key={key}
      isDanger={key === 'remove'}
      isAriaDisabled={reason !== undefined}
      {...(reason === undefined ? {} : { tooltipProps: { content: reason, position: 'left' } })}
      onClick={() => {
        setMenuOpen(false);
        setOpen(key);
      }}
    >
      {label}
    </DropdownItem>
  );
  const eject = (): void => {
    setMenuOpen(false);
    void run(`eject the ISO of ${vm.name}`, (gateway) =>
      gateway.call('ejectMedia', { params: { vmId: vm.id, diskId: disk.id } }),
    );
  };
  return (
    <>
      <Dropdown
        isOpen={isMenuOpen}
        onOpenChange={setMenuOpen}
        popperProps={{ position: 'right' }}
        toggle={(ref) => (
          <MenuToggle
            ref={ref}
            variant="plain"
            icon={<EllipsisVIcon />}
            aria-label={`Actions for ${diskTitle(vm, disk)}`}
            isExpanded={isMenuOpen}
            onClick={() => setMenuOpen(!isMenuOpen)}
          />
        )}
      >
        <DropdownList>
          {disk.kind === 'disk' && item('resize', 'Make larger')}
          {disk.kind === 'disk' && item('limits', 'Change limits')}
          {disk.kind === 'cdrom' &&
            item('insert', disk.isoId === null ? 'Insert ISO' : 'Change ISO')}
          {disk.kind === 'cdrom' && disk.isoId !== null && (
            <DropdownItem onClick={eject}>Eject</DropdownItem>
          )}
          {item('remove', 'Remove', refusalReason(mayRemoveDisk(vm, disk)))}
        </DropdownList>
      </Dropdown>
      {open === 'resize' && <ResizeDiskModal vm={vm} disk={disk} onClose={close} />}
      {open === 'limits' && <DiskLimitsModal vm={vm} disk={disk} onClose={close} />}
      {open === 'insert' && <InsertMediaModal vm={vm} disk={disk} onClose={close} />}
      {open === 'remove' && <RemoveDiskModal vm={vm} disk={disk} onClose={close} />}
    </>
  );
}
