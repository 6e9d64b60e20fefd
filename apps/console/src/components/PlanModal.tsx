import type { Plan } from '@cairn/contracts';
import {
  Alert,
  Button,
  FormGroup,
  List,
  ListItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from '@patternfly/react-core';
import { useState, type ReactElement, type ReactNode } from 'react';

import { GuardedButton } from './GuardedButton';
import { formatBytes, formatDurationSeconds } from './format';
import { describeProblem } from './problem';
import { LoadingState } from './States';

export interface PlanModalProps {
  /** Names the act and its object: "Delete web-1?". */
  readonly title: string;
  readonly confirmLabel: string;
  readonly tone: 'danger' | 'warning' | 'primary';
  /** The dry run of the act; undefined while it is computed. */
  readonly plan: Plan | undefined;
  readonly planError: unknown;
  /** Must be typed before the act is possible; for what can't be brought back. */
  readonly typeToConfirm?: string;
  /** Choices that change the plan. */
  readonly children?: ReactNode;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Shows what an act would do before it is done. */
export function PlanModal(props: PlanModalProps): ReactElement {
  const { plan, planError, typeToConfirm } = props;
  const [typed, setTyped] = useState('');
  const isTyped = typeToConfirm === undefined || typed.trim() === typeToConfirm;
  return (
    <Modal isOpen variant="small" onClose={props.onClose} aria-labelledby="plan-title">
      <ModalHeader
        title={props.title}
        labelId="plan-title"
        {...(props.tone === 'primary' ? {} : { titleIconVariant: props.tone })}
      />
      <ModalBody className="plan-body">
        {props.children}
        {planError !== null && planError !== undefined ? (
          <PlanError error={planError} />
        ) : plan ? (
          <PlanDetails plan={plan} />
        ) : (
          <LoadingState label="the plan" rows={2} />
        )}
        {typeToConfirm !== undefined && plan?.blockers.length === 0 && (
          <FormGroup label={`Type ${typeToConfirm} to confirm`} fieldId="plan-confirm">
            <TextInput
              id="plan-confirm"
              value={typed}
              onChange={(_event, value) => setTyped(value)}
              autoComplete="off"
            />
          </FormGroup>
        )}
      </ModalBody>
      <ModalFooter>
        <GuardedButton
          variant={props.tone}
          disabledReason={reasonToWait(props, isTyped)}
          onClick={props.onConfirm}
        >
          {props.confirmLabel}
        </GuardedButton>
        <Button variant="link" onClick={props.onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}

function reasonToWait(props: PlanModalProps, isTyped: boolean): string | undefined {
  if (props.planError !== null && props.planError !== undefined) return 'There is no plan for this';
  if (!props.plan) return 'The plan is being made';
  if (props.plan.blockers.length > 0) return 'Something stands in the way; see above';
  if (!isTyped) return `Type ${props.typeToConfirm ?? ''} first`;
  return undefined;
}

function PlanError({ error }: { readonly error: unknown }): ReactElement {
  const problem = describeProblem(error);
  return (
    <Alert isInline variant="danger" title={problem.title}>
      {[problem.detail, ...problem.items].filter(Boolean).join('. ')}
    </Alert>
  );
}

/** The steps, effects, warnings and blockers of a plan. */
export function PlanDetails({ plan }: { readonly plan: Plan }): ReactElement {
  return (
    <div className="plan-details">
      {plan.blockers.map((blocker) => (
        <Alert key={blocker.message} isInline variant="danger" title={blocker.message} />
      ))}
      {plan.warnings.map((warning) => (
        <Alert key={warning} isInline variant="warning" title={warning} />
      ))}
      {plan.effects.length > 0 && (
        <List isPlain className="plan-effects">
          {plan.effects.map((effect) => (
            <ListItem key={`${effect.kind} ${effect.resource.id}`}>
              <strong>{effectWords[effect.kind]}</strong> {effect.resource.kind}{' '}
              <strong>{effect.resource.name ?? effect.resource.id}</strong>
              {changeText(effect.before, effect.after)}
            </ListItem>
          ))}
        </List>
      )}
      {plan.steps.length > 0 && (
        <ol className="plan-steps">
          {plan.steps.map((step) => (
            <li key={step.name}>{step.description}</li>
          ))}
        </ol>
      )}
      <EstimateLine plan={plan} />
    </div>
  );
}

function EstimateLine({ plan }: { readonly plan: Plan }): ReactElement | null {
  const { bytes, seconds } = plan.estimate;
  const parts = [
    ...(bytes !== null && bytes > 0 ? [formatBytes(bytes)] : []),
    ...(seconds !== null && seconds >= 1 ? [`about ${formatDurationSeconds(seconds)}`] : []),
  ];
  return parts.length === 0 ? null : <p className="subtle">Estimate: {parts.join(', ')}</p>;
}

const effectWords: Readonly<Record<Plan['effects'][number]['kind'], string>> = {
  create: 'Creates',
  update: 'Changes',
  delete: 'Deletes',
  start: 'Starts',
  stop: 'Stops',
  restart: 'Restarts',
  pause: 'Pauses',
  resume: 'Resumes',
};

function changeText(before: string | null, after: string | null): string {
  if (before !== null && after !== null) return `: ${before} → ${after}`;
  if (after !== null) return `: ${after}`;
  return before === null ? '' : ` (${before})`;
}
