import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import type { ReactElement, ReactNode } from 'react';

/** A plain question before an act that the API has no plan for. */
export function ConfirmModal(props: {
  readonly title: string;
  readonly confirmLabel: string;
  readonly children: ReactNode;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <Modal isOpen variant="small" onClose={props.onClose} aria-labelledby="confirm-title">
      <ModalHeader title={props.title} labelId="confirm-title" titleIconVariant="warning" />
      <ModalBody>{props.children}</ModalBody>
      <ModalFooter>
        <Button variant="danger" onClick={props.onConfirm}>
          {props.confirmLabel}
        </Button>
        <Button variant="link" onClick={props.onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
