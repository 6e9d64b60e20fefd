import type { Vm } from '@cairn/contracts';
import { Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { useMay } from '../../api/session';
import { EllipsisVIcon } from '../../components/icons';
import { refusalReason } from '../../components/tone';
import type { VmAction } from './actions/vmAction';
import { vmActions } from './vmActions';

export interface VmActionsMenuProps {
  readonly vm: Vm;
  readonly ask: (action: VmAction, vms: readonly Vm[]) => void;
  /** Words on the button; without them it is three dots. */
  readonly label?: string;
}

/** All verbs of a VM. What the person may not do is hidden, what the state forbids says why. */
export function VmActionsMenu({ vm, ask, label }: VmActionsMenuProps): ReactElement | null {
  const [isOpen, setOpen] = useState(false);
  const may = useMay();
  const visible = vmActions.filter((action) => may(action.permission));
  if (visible.length === 0) return null;
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          aria-label={label ?? `Actions for ${vm.name}`}
          isExpanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          {...(label ? {} : { variant: 'plain' as const, icon: <EllipsisVIcon /> })}
        >
          {label}
        </MenuToggle>
      )}
    >
      <DropdownList>
        {visible.map((action) => (
          <ActionItem
            key={action.id}
            action={action}
            vm={vm}
            onChoose={() => {
              setOpen(false);
              ask(action, [vm]);
            }}
          />
        ))}
      </DropdownList>
    </Dropdown>
  );
}

function ActionItem({
  action,
  vm,
  onChoose,
}: {
  readonly action: VmAction;
  readonly vm: Vm;
  readonly onChoose: () => void;
}): ReactElement {
  const reason = refusalReason(action.check(vm));
  const Icon = action.icon;
  return (
    <DropdownItem
      icon={<Icon />}
      isDanger={action.isDanger}
      isAriaDisabled={reason !== undefined}
      {...(reason === undefined ? {} : { tooltipProps: { content: reason, position: 'left' } })}
      onClick={onChoose}
    >
      {action.label}
    </DropdownItem>
  );
}
