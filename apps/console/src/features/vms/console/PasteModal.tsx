import {
  Button,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextArea,
} from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { GuardedButton } from '../../../components/GuardedButton';
import { pasteCharactersMax, typeText } from './keystrokes';

/** Asks for text and types it into the guest, key by key. */
export function PasteModal(props: {
  readonly vmName: string;
  readonly onPaste: (text: string) => void;
  readonly onClose: () => void;
}): ReactElement {
  const [text, setText] = useState('');
  const { untypable } = typeText(text);
  const isTooLong = text.length > pasteCharactersMax;
  return (
    <Modal isOpen variant="small" onClose={props.onClose} aria-labelledby="paste-title">
      <ModalHeader
        title="Type text into the guest"
        labelId="paste-title"
        description={`The text is typed on ${props.vmName}'s keyboard (US layout), key by key.`}
      />
      <ModalBody>
        <Form onSubmit={(event) => event.preventDefault()}>
          <FormGroup label="Text" fieldId="paste-text">
            <TextArea
              id="paste-text"
              rows={6}
              resizeOrientation="vertical"
              value={text}
              onChange={(_event, value) => setText(value)}
              autoFocus
            />
            <FormHelperText>
              <HelperText>
                {isTooLong && (
                  <HelperTextItem variant="warning">
                    Only the first {pasteCharactersMax} characters will be typed.
                  </HelperTextItem>
                )}
                {untypable.length > 0 && (
                  <HelperTextItem variant="warning">
                    A US keyboard can&apos;t type {untypable.slice(0, 8).join(' ')}; left out.
                  </HelperTextItem>
                )}
              </HelperText>
            </FormHelperText>
          </FormGroup>
        </Form>
      </ModalBody>
      <ModalFooter>
        <GuardedButton
          variant="primary"
          disabledReason={text === '' ? 'There is no text to type' : undefined}
          onClick={() => props.onPaste(text)}
        >
          Type it
        </GuardedButton>
        <Button variant="link" onClick={props.onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
