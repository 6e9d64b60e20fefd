import type { NicNetwork } from '@cairn/contracts';
import {
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
} from '@patternfly/react-core';
import type { ReactElement } from 'react';

import { useNodes } from '../../../api/collections';

/** The value of the select as the API wants it: "user", or "bridge:" and a name. */
export function networkOf(value: string): NicNetwork {
  return value.startsWith('bridge:')
    ? { kind: 'bridge', bridge: value.slice('bridge:'.length) }
    : { kind: 'user' };
}

/** Chooses what a network card is plugged into: user mode, or a bridge that the nodes have. */
export function NetworkSelect({
  id,
  value,
  onChange,
}: {
  readonly id: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactElement {
  const nodes = useNodes().data ?? [];
  const bridges = [...new Set(nodes.flatMap((node) => node.status.bridges))].sort();
  return (
    <FormGroup label="Network" fieldId={id}>
      <FormSelect id={id} value={value} onChange={(_event, next) => onChange(next)}>
        <FormSelectOption value="user" label="User mode: outgoing connections through the node" />
        {bridges.map((bridge) => (
          <FormSelectOption
            key={bridge}
            value={`bridge:${bridge}`}
            label={`Bridge ${bridge}: a member of that network`}
          />
        ))}
        <FormSelectOption value="none" label="No network card" isDisabled={id !== 'vm-network'} />
      </FormSelect>
      <FormHelperText>
        <HelperText>
          <HelperTextItem>
            {bridges.length === 0
              ? 'No node has a bridge, so guests can reach out but not be reached.'
              : 'In user mode the guest can reach out but not be reached.'}
          </HelperTextItem>
        </HelperText>
      </FormHelperText>
    </FormGroup>
  );
}
