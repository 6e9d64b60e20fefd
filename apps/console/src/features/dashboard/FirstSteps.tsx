import { Button, Card, CardBody, CardHeader, CardTitle } from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { useNavigate } from 'react-router';

import { useDrives, useImages, useIsos, useVms } from '../../api/collections';
import { useMay } from '../../api/session';
import { CheckCircleIcon } from '../../components/icons';
import { firstSteps, type FirstStep } from './firstStepsView';

/** Leads a new cluster from nothing to its first VM; gone once there is one. */
export function FirstSteps(): ReactElement | null {
  const drives = useDrives().data;
  const images = useImages().data;
  const isos = useIsos().data;
  const vms = useVms().data;
  const may = useMay();
  if (!drives || !images || !isos || !vms) return null;
  if (vms.length > 0 || !may('vms:create')) return null;
  const steps = firstSteps({
    drives: drives.length,
    media: [...images, ...isos].filter((each) => each.status.state === 'ready').length,
    vms: vms.length,
  });
  return (
    <Card className="first-steps">
      <CardHeader>
        <CardTitle component="h2">To your first VM</CardTitle>
      </CardHeader>
      <CardBody>
        <ol className="first-steps-list">
          {steps.map((step, index) => (
            <StepItem key={step.title} step={step} number={index + 1} />
          ))}
        </ol>
      </CardBody>
    </Card>
  );
}

function StepItem({
  step,
  number,
}: {
  readonly step: FirstStep;
  readonly number: number;
}): ReactElement {
  const navigate = useNavigate();
  return (
    <li className={`first-step is-${step.state}`}>
      <span className="first-step-mark" aria-hidden>
        {step.state === 'done' ? <CheckCircleIcon /> : number}
      </span>
      <span className="first-step-text">
        <strong>{step.title}</strong>
        <span className="subtle">{step.detail}</span>
      </span>
      {step.state === 'next' && (
        <Button size="sm" onClick={() => void navigate(step.path)}>
          {step.button}
        </Button>
      )}
    </li>
  );
}
