import {
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  TextInput,
} from '@patternfly/react-core';
import type { ReactElement } from 'react';

/** A size as text, "20 GiB"; `parseBytes` reads it. */
export function SizeField(props: {
  readonly id: string;
  readonly label: string;
  readonly text: string;
  readonly onChange: (text: string) => void;
  /** What is wrong with it; null when it is good. */
  readonly fault: string | null;
  readonly hint?: string;
}): ReactElement {
  return (
    <FormGroup label={props.label} fieldId={props.id} isRequired>
      <TextInput
        id={props.id}
        value={props.text}
        onChange={(_event, value) => props.onChange(value)}
        validated={props.fault === null ? 'default' : 'error'}
        aria-describedby={`${props.id}-help`}
      />
      <FormHelperText>
        <HelperText id={`${props.id}-help`}>
          <HelperTextItem variant={props.fault === null ? 'default' : 'error'}>
            {props.fault ?? props.hint ?? 'For example 20 GiB or 512 MiB'}
          </HelperTextItem>
        </HelperText>
      </FormHelperText>
    </FormGroup>
  );
}
