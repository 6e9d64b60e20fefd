import type { Drive } from '@cairn/contracts';
import type { ReactElement } from 'react';

import { usePlan } from '../../../api/usePlan';
import { useRun } from '../../../api/useRun';
import { PlanModal } from '../../../components/PlanModal';

/** Takes an empty drive out of the pool. */
export function RemoveDriveModal({
  drive,
  onClose,
}: {
  readonly drive: Drive;
  readonly onClose: () => void;
}): ReactElement {
  const run = useRun();
  const input = { params: { driveId: drive.id } };
  const plan = usePlan('removeDrive', input);
  return (
    <PlanModal
      title={`Remove ${drive.path} from the pool?`}
      confirmLabel="Remove drive"
      tone="danger"
      plan={plan.data}
      planError={plan.error}
      onConfirm={() => {
        onClose();
        void run(`remove ${drive.path}`, (gateway) => gateway.call('removeDrive', input));
      }}
      onClose={onClose}
    />
  );
}
