import {
  Alert,
  Button,
  ClipboardCopy,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
} from '@patternfly/react-core';
import type { ReactElement } from 'react';

/** Shows a secret that can't be shown again. */
export function SecretOnce({
  title,
  what,
  secret,
  onClose,
}: {
  readonly title: string;
  /** What it is: "password", "token". */
  readonly what: string;
  readonly secret: string;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <Modal isOpen variant="small" aria-labelledby="secret-title">
      <ModalHeader title={title} labelId="secret-title" />
      <ModalBody>
        <Alert
          isInline
          isPlain
          variant="warning"
          title={`Copy the ${what} now: it is not shown again.`}
        />
        <ClipboardCopy
          isReadOnly
          isCode
          hoverTip="Copy"
          clickTip="Copied"
          textAriaLabel={what}
          className="secret-once"
        >
          {secret}
        </ClipboardCopy>
      </ModalBody>
      <ModalFooter>
        <Button onClick={onClose}>I have copied it</Button>
      </ModalFooter>
    </Modal>
  );
}
