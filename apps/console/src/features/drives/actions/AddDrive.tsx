import type { DriveCandidate } from '@cairn/contracts';
import type { ReactElement } from 'react';

import { usePlan } from '../../../api/usePlan';
import { useRun } from '../../../api/useRun';
import { formatBytes } from '../../../components/format';
import { PlanModal } from '../../../components/PlanModal';
import { driveKindText, lossOf } from '../driveView';

/** Adds a device to the pool. What is on it is lost, so its path must be typed if it is not empty. */
export function AddDriveModal({
  candidate,
  onClose,
}: {
  readonly candidate: DriveCandidate;
  readonly onClose: () => void;
}): ReactElement {
  const run = useRun();
  const loss = lossOf(candidate);
  const body = { nodeId: candidate.nodeId, path: candidate.path, force: loss !== null };
  const plan = usePlan('addDrive', { body });
  return (
    <PlanModal
      title={`Add ${candidate.path} to the pool?`}
      confirmLabel={loss === null ? 'Add drive' : 'Erase and add'}
      tone={loss === null ? 'primary' : 'danger'}
      plan={plan.data}
      planError={plan.error}
      {...(loss === null ? {} : { typeToConfirm: candidate.path })}
      onConfirm={() => {
        onClose();
        void run(`add ${candidate.path}`, (gateway) => gateway.call('addDrive', { body }));
      }}
      onClose={onClose}
    >
      <p>
        {driveKindText(candidate)}, {formatBytes(candidate.sizeBytes)}
        {candidate.serial !== null && `, serial ${candidate.serial}`}.{' '}
        <strong>
          {loss === null ? 'It is formatted for Cairn.' : `Everything on it is erased. ${loss}`}
        </strong>
      </p>
    </PlanModal>
  );
}
