import {
  Alert,
  Button,
  Form,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
} from '@patternfly/react-core';
import { useState, type SyntheticEvent, type ReactElement, type ReactNode } from 'react';

import { GuardedButton } from './GuardedButton';
import { describeProblem } from './problem';

export interface FormModalProps {
  readonly title: string;
  readonly description?: string;
  readonly submitLabel: string;
  /** What is missing or wrong; undefined when the form may be sent. */
  readonly fault: string | undefined;
  /** Sends the form; a rejection is shown in the modal, which then stays open. */
  readonly onSubmit: () => Promise<unknown>;
  readonly onClose: () => void;
  readonly variant?: 'small' | 'medium';
  readonly tone?: 'primary' | 'danger';
  readonly children: ReactNode;
}

/** A form in a modal: Enter sends it, a refusal is shown where the person looks. */
export function FormModal(props: FormModalProps): ReactElement {
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    if (props.fault !== undefined || isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await props.onSubmit();
      props.onClose();
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    void send();
  };
  return (
    <Modal
      isOpen
      variant={props.variant ?? 'small'}
      onClose={props.onClose}
      aria-labelledby="form-modal-title"
    >
      <ModalHeader
        title={props.title}
        labelId="form-modal-title"
        {...(props.description ? { description: props.description } : {})}
      />
      <ModalBody>
        <Form id="form-modal" onSubmit={onSubmit}>
          {error !== null && <SubmitProblem error={error} />}
          {props.children}
        </Form>
      </ModalBody>
      <ModalFooter>
        <GuardedButton
          type="submit"
          form="form-modal"
          variant={props.tone ?? 'primary'}
          isLoading={isBusy}
          disabledReason={props.fault}
        >
          {props.submitLabel}
        </GuardedButton>
        <Button variant="link" onClick={props.onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}

/** A refused form, in the API's words. */
export function SubmitProblem({ error }: { readonly error: unknown }): ReactElement {
  const problem = describeProblem(error);
  return (
    <Alert isInline variant="danger" title={problem.title}>
      {problem.detail}
      {problem.items.length > 0 && (
        <ul>
          {problem.items.map((item) => (
            <li key={item}>{item}</li>
          ))}
        </ul>
      )}
    </Alert>
  );
}
