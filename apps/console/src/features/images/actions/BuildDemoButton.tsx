import { Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { FlaskIcon } from '../../../components/icons';
import { useBuildDemo } from './useBuildDemo';

/** Builds one of the demo images. */
export function BuildDemoButton(): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const { build, isBuilding } = useBuildDemo();
  const choose = (flavour: 'tiny' | 'debian') => () => {
    setOpen(false);
    void build(flavour);
  };
  const busy = isBuilding
    ? { isAriaDisabled: true, tooltipProps: { content: 'A demo image is being built already' } }
    : {};
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          icon={<FlaskIcon />}
          isExpanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          Build demo image
        </MenuToggle>
      )}
    >
      <DropdownList>
        <DropdownItem
          description="A Linux kernel and busybox, made in seconds"
          onClick={choose('tiny')}
          {...busy}
        >
          Tiny
        </DropdownItem>
        <DropdownItem
          description="A whole Debian with cloud-init, made in minutes"
          onClick={choose('debian')}
          {...busy}
        >
          Debian
        </DropdownItem>
      </DropdownList>
    </Dropdown>
  );
}
