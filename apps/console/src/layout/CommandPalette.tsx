import { Modal, ModalBody, TextInputGroup, TextInputGroupMain } from '@patternfly/react-core';
import { useMemo, useState, type KeyboardEvent, type ReactElement } from 'react';
import { useNavigate } from 'react-router';

import { useImages, useNodes, useVms } from '../api/collections';
import { SearchIcon } from '../components/icons';
import { navigation, shortcuts } from './navigation';
import { findEntries, type PaletteEntry } from './palette';

/** Ctrl-K: jumps to any page or resource by a few letters. */
export function CommandPalette({ onClose }: { readonly onClose: () => void }): ReactElement {
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const navigate = useNavigate();
  const entries = useEntries();
  const found = useMemo(() => findEntries(entries, query), [entries, query]);
  const activeIndex = Math.min(active, found.length - 1);

  const open = (entry: PaletteEntry | undefined): void => {
    if (!entry) return;
    onClose();
    void navigate(entry.path);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setActive(Math.min(activeIndex + 1, found.length - 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(activeIndex - 1, 0));
    else if (event.key === 'Enter') open(found[activeIndex]);
    else return;
    event.preventDefault();
  };

  return (
    <Modal
      isOpen
      variant="small"
      position="top"
      onClose={onClose}
      aria-label="Search or jump to"
      className="palette"
    >
      <ModalBody>
        <TextInputGroup>
          <TextInputGroupMain
            icon={<SearchIcon />}
            role="combobox"
            aria-label="Search or jump to"
            isExpanded
            aria-controls="palette-results"
            aria-activedescendant={found[activeIndex] ? `palette-${activeIndex}` : ''}
            placeholder="A page, a VM, an image, a node …"
            value={query}
            onChange={(_event, value) => {
              setQuery(value);
              setActive(0);
            }}
            onKeyDown={onKeyDown}
            autoFocus
          />
        </TextInputGroup>
        <ul id="palette-results" role="listbox" aria-label="Results" className="palette-results">
          {found.map((entry, index) => (
            <li
              key={entry.id}
              id={`palette-${index}`}
              role="option"
              aria-selected={index === activeIndex}
              className={index === activeIndex ? 'is-active' : ''}
              onMouseMove={() => setActive(index)}
              onClick={() => open(entry)}
            >
              <span>{entry.label}</span>
              <span className="subtle">{entry.kind}</span>
            </li>
          ))}
          {found.length === 0 && <li className="subtle palette-nothing">Nothing found</li>}
        </ul>
      </ModalBody>
    </Modal>
  );
}

function useEntries(): readonly PaletteEntry[] {
  const vms = useVms().data;
  const images = useImages().data;
  const nodes = useNodes().data;
  return useMemo(
    () => [
      ...[...shortcuts, ...navigation.flatMap((group) => group.destinations)].map((each) => ({
        id: each.path,
        label: each.label,
        kind: shortcuts.includes(each) ? 'Action' : 'Page',
        path: each.path,
        keywords: each.keywords,
      })),
      ...(vms ?? []).map((vm) => ({
        id: vm.id,
        label: vm.name,
        kind: 'Virtual machine',
        path: `/vms/${vm.id}`,
        keywords: vm.tags.join(' '),
      })),
      ...(images ?? []).map((image) => ({
        id: image.id,
        label: image.name,
        kind: 'Image',
        path: '/images',
        keywords: image.tags.join(' '),
      })),
      ...(nodes ?? []).map((node) => ({
        id: node.id,
        label: node.name,
        kind: 'Node',
        path: `/nodes/${node.id}`,
        keywords: node.address,
      })),
    ],
    [vms, images, nodes],
  );
}
